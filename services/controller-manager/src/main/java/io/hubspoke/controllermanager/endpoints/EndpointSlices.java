package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hubspoke.client.Resource;

/** Where endpoint slices live in the API. */
public final class EndpointSlices {
  public static final Resource<EndpointSlice> RESOURCE =
      Resource.namespaced("discovery.k8s.io", "v1", "endpointslices", EndpointSlice.class);

  private EndpointSlices() {}
}
