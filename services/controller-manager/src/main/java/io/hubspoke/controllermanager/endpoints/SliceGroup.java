package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What all endpoints of a slice have in common; the order of ports makes no difference. */
record SliceGroup(AddressFamily family, Set<EndpointPort> ports) {
  static SliceGroup of(AddressFamily family, List<EndpointPort> ports) {
    return new SliceGroup(family, new LinkedHashSet<>(ports));
  }

  /** Returns whether a slice is of this group. */
  boolean matches(EndpointSlice slice) {
    return family.type().equals(slice.getAddressType())
        && ports.equals(new LinkedHashSet<>(slice.getPorts()));
  }
}
