package io.hubspoke.lab.audit;

import io.hubspoke.lab.MeshOptions.Posture;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A route that ends at the apiserver: open to untrusted networks as it is, so that every property
 * holds ("Node to Control Plane").
 */
interface NodeToControlPlane extends Route {
  @Override
  default Posture posture() {
    return Posture.DEFAULT;
  }

  @Override
  default String egress() {
    return "-";
  }

  @Override
  default boolean endsAtHub() {
    return true;
  }

  @Override
  default Map<Property, Boolean> expectation() {
    return Arrays.stream(Property.values())
        .collect(Collectors.toMap(Function.identity(), property -> true));
  }
}
