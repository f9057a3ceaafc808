package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Endpoints: the addresses behind a service. */
final class EndpointsStrategy extends GenericStrategy {
  EndpointsStrategy() {
    super(true, false, Map.of());
  }

  /**
   * Whether they are those of the {@code kubernetes} service, which the server itself keeps: one
   * that serves this machine alone is on its loopback.
   */
  static boolean areOfKubernetes(JsonNode endpoints) {
    JsonNode metadata = endpoints.path("metadata");
    return metadata.path("namespace").asText().equals("default")
        && metadata.path("name").asText().equals("kubernetes");
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode endpoints) {
    for (ObjectNode subset : objects(endpoints, "subsets")) {
      objects(subset, "ports").forEach(port -> setDefault(port, "protocol", "TCP"));
    }
  }

  @Override
  void validate(ObjectNode endpoints, FieldErrors errors) {
    JsonNode subsets = endpoints.path("subsets");
    for (int i = 0; i < subsets.size(); i++) {
      String path = "subsets[" + i + "]";
      JsonNode subset = subsets.get(i);
      if (subset.path("addresses").isEmpty() && subset.path("notReadyAddresses").isEmpty()) {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
      }
      for (String list : List.of("addresses", "notReadyAddresses")) {
        for (int a = 0; a < subset.path(list).size(); a++) {
          String ip = subset.path(list).get(a).path("ip").asText("");
          String at = path + "." + list + "[" + a + "].ip";
          if (ip.isEmpty()) {
            errors.required(at, "");
          } else if (!areOfKubernetes(endpoints)) {
            errors.invalid(at, ip, IpAddresses.special(ip));
          }
        }
      }
      for (int p = 0; p < subset.path("ports").size(); p++) {
        PodValidation.port(
            subset.path("ports").get(p).path("port"), path + ".ports[" + p + "].port", errors);
      }
    }
  }
}
