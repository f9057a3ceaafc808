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
          if (subset.path(list).get(a).path("ip").asText("").isEmpty()) {
            errors.required(path + "." + list + "[" + a + "].ip", "");
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
