package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Validates a service's ports. */
final class ServicePorts {
  private static final List<String> PROTOCOLS = List.of("SCTP", "TCP", "UDP");

  private ServicePorts() {}

  /**
   * Validates ports.
   *
   * @param type of the service
   */
  static void validate(JsonNode ports, String type, FieldErrors errors) {
    Set<String> names = new HashSet<>();
    Set<String> numbers = new HashSet<>();
    for (int i = 0; i < ports.size(); i++) {
      JsonNode port = ports.get(i);
      String path = "spec.ports[" + i + "]";
      String name = port.path("name").asText("");
      if (name.isEmpty()) {
        if (ports.size() > 1) {
          errors.required(path + ".name", "");
        }
      } else {
        errors.invalid(path + ".name", name, Names.dns1123Label(name));
        if (!names.add(name)) {
          errors.duplicate(path + ".name", name);
        }
      }
      PodValidation.port(port.path("port"), path + ".port", errors);
      PodValidation.oneOf(port, "protocol", path, PROTOCOLS, errors);
      target(port.path("targetPort"), path + ".targetPort", errors);
      if (port.path("nodePort").asInt() != 0 && type.equals("ClusterIP")) {
        errors.forbidden(path + ".nodePort", "may not be used when `type` is 'ClusterIP'");
      }
      if (!numbers.add(port.path("port").asInt() + "/" + port.path("protocol").asText())) {
        errors.duplicate(path, port);
      }
    }
  }

  private static void target(JsonNode target, String path, FieldErrors errors) {
    if (target.isIntegralNumber()) {
      PodValidation.port(target, path, errors);
    } else if (target.isTextual()) {
      errors.invalid(path, target, Names.portName(target.textValue()));
    }
  }
}
