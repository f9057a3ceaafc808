package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Validates a service's ports, and tells which it has on nodes. */
public final class ServicePorts {
  /** The field with the port of load balancers' health checks. */
  public static final String HEALTH_CHECK = "healthCheckNodePort";

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
    Set<String> nodePorts = new HashSet<>();
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
      } else if (port.path("nodePort").asInt() != 0
          && !nodePorts.add(port.path("nodePort").asInt() + "/" + port.path("protocol").asText())) {
        errors.duplicate(path + ".nodePort", port.path("nodePort"));
      }
      if (!numbers.add(port.path("port").asInt() + "/" + port.path("protocol").asText())) {
        errors.duplicate(path, port);
      }
    }
  }

  /**
   * Returns whether load balancers ask each node at a port of its own for a service's pods there.
   */
  public static boolean hasHealthCheck(JsonNode spec) {
    return spec.path("type").asText().equals("LoadBalancer")
        && spec.path("externalTrafficPolicy").asText().equals("Local");
  }

  /**
   * Lets the health check keep its port when a client leaves it out, and drops what nobody asks.
   */
  static void keepHealthCheck(ObjectNode spec, JsonNode before) {
    int number = before.path(HEALTH_CHECK).asInt();
    if (number == 0 || !hasHealthCheck(before)) {
      return;
    }
    int now = spec.path(HEALTH_CHECK).asInt();
    if (!hasHealthCheck(spec) && now == number) {
      spec.remove(HEALTH_CHECK);
    } else if (hasHealthCheck(spec) && now == 0) {
      spec.put(HEALTH_CHECK, number);
    }
  }

  static void validateHealthCheck(JsonNode spec, FieldErrors errors) {
    int number = spec.path(HEALTH_CHECK).asInt();
    if (number != 0 && !hasHealthCheck(spec)) {
      errors.invalid(
          "spec." + HEALTH_CHECK,
          number,
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }
  }

  static void validateHealthCheckUpdate(JsonNode spec, JsonNode before, FieldErrors errors) {
    int number = spec.path(HEALTH_CHECK).asInt();
    if (hasHealthCheck(spec)
        && hasHealthCheck(before)
        && before.path(HEALTH_CHECK).asInt() != 0
        && before.path(HEALTH_CHECK).asInt() != number) {
      errors.invalid("spec." + HEALTH_CHECK, number, "field is immutable");
    }
  }

  /** Lets ports keep the numbers that they have on the nodes when a client leaves these out. */
  static void keepNodePorts(List<ObjectNode> ports, JsonNode before) {
    Set<Integer> used = numbers(ports);
    for (ObjectNode port : ports) {
      for (JsonNode same : before) {
        int number = same.path("nodePort").asInt();
        if (port.path("nodePort").asInt() == 0
            && port.path("port").equals(same.path("port"))
            && port.path("protocol").asText("TCP").equals(same.path("protocol").asText("TCP"))
            && !used.contains(number)) {
          port.put("nodePort", number);
        }
      }
    }
  }

  /** Drops the numbers that ports have on nodes unless the client asks for others. */
  static void dropNodePorts(List<ObjectNode> ports, JsonNode before) {
    if (numbers(ports).equals(numbers(before))) {
      ports.forEach(port -> port.remove("nodePort"));
    }
  }

  private static Set<Integer> numbers(Iterable<? extends JsonNode> ports) {
    Set<Integer> numbers = new HashSet<>();
    ports.forEach(port -> numbers.add(port.path("nodePort").asInt()));
    numbers.remove(0);
    return numbers;
  }

  private static void target(JsonNode target, String path, FieldErrors errors) {
    if (target.isIntegralNumber()) {
      PodValidation.port(target, path, errors);
    } else if (target.isTextual()) {
      errors.invalid(path, target, Names.portName(target.textValue()));
    }
  }
}
