package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Validates what a container of a pod says of its environment, its probes and its hooks. */
final class ContainerRules {
  private static final List<String> VARIABLE_SOURCES =
      List.of("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef");
  private static final List<String> HANDLERS = List.of("exec", "httpGet", "tcpSocket", "grpc");
  private static final List<String> HOOK_HANDLERS =
      List.of("exec", "httpGet", "tcpSocket", "sleep");
  private static final List<String> PROBE_NUMBERS =
      List.of(
          "initialDelaySeconds",
          "timeoutSeconds",
          "periodSeconds",
          "successThreshold",
          "failureThreshold");

  private ContainerRules() {}

  static void environment(JsonNode container, String path, FieldErrors errors) {
    for (int i = 0; i < container.path("env").size(); i++) {
      variable(container.path("env").get(i), path + ".env[" + i + "]", errors);
    }
    for (int i = 0; i < container.path("envFrom").size(); i++) {
      JsonNode source = container.path("envFrom").get(i);
      String at = path + ".envFrom[" + i + "]";
      boolean map = isGiven(source, "configMapRef");
      boolean secret = isGiven(source, "secretRef");
      if (!map && !secret) {
        errors.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
      } else if (map && secret) {
        errors.invalid(at, "", "may not have more than one field specified at a time");
      } else {
        String field = map ? "configMapRef" : "secretRef";
        required(source.path(field), "name", at + "." + field, errors);
      }
    }
  }

  private static void variable(JsonNode variable, String path, FieldErrors errors) {
    String name = variable.path("name").asText("");
    if (name.isEmpty()) {
      errors.required(path + ".name", "");
    } else if (!name.chars().allMatch(c -> c >= ' ' && c <= '~' && c != '=')) {
      errors.invalid(
          path + ".name",
          name,
          "a valid environment variable name must consist only of printable ASCII characters other"
              + " than '='");
    }
    if (!isGiven(variable, "valueFrom")) {
      return;
    }
    long sources =
        VARIABLE_SOURCES.stream().filter(s -> isGiven(variable.path("valueFrom"), s)).count();
    String at = path + ".valueFrom";
    if (sources == 0) {
      errors.invalid(
          at,
          "",
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or"
              + " `secretKeyRef`");
    } else if (!variable.path("value").asText("").isEmpty()) {
      errors.invalid(at, "", "may not be specified when `value` is not empty");
    } else if (sources > 1) {
      errors.invalid(at, "", "may not have more than one field specified at a time");
    }
  }

  /** Validates where a container's volumes are mounted. */
  static void mountPaths(JsonNode mounts, String path, FieldErrors errors) {
    Set<String> paths = new HashSet<>();
    for (int i = 0; i < mounts.size(); i++) {
      String mountPath = mounts.get(i).path("mountPath").asText("");
      if (mountPath.isEmpty()) {
        errors.required(path + "[" + i + "].mountPath", "");
      } else if (!paths.add(mountPath)) {
        errors.invalid(path + "[" + i + "].mountPath", mountPath, "must be unique");
      }
    }
  }

  static void probes(JsonNode container, String path, FieldErrors errors) {
    for (String name : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
      JsonNode probe = container.path(name);
      if (!isGiven(container, name)) {
        continue;
      }
      String at = path + "." + name;
      handler(probe, HANDLERS, at, errors);
      PROBE_NUMBERS.forEach(field -> FieldNumbers.nonNegative(probe, field, at, errors));
      // What has been found dead or not started is not asked a second time.
      if (!name.equals("readinessProbe") && probe.path("successThreshold").asInt(1) != 1) {
        errors.invalid(at + ".successThreshold", probe.get("successThreshold"), "must be 1");
      }
    }
  }

  static void hooks(JsonNode container, String path, FieldErrors errors) {
    for (String name : List.of("postStart", "preStop")) {
      if (isGiven(container.path("lifecycle"), name)) {
        String at = path + ".lifecycle." + name;
        handler(container.path("lifecycle").path(name), HOOK_HANDLERS, at, errors);
      }
    }
  }

  private static void handler(
      JsonNode handler, List<String> kinds, String path, FieldErrors errors) {
    boolean found = false;
    for (String kind : kinds) {
      if (!isGiven(handler, kind)) {
        continue;
      }
      String at = path + "." + kind;
      if (found) {
        errors.forbidden(at, "may not specify more than 1 handler type");
        continue;
      }
      found = true;
      JsonNode of = handler.path(kind);
      switch (kind) {
        case "exec" -> {
          if (of.path("command").isEmpty()) {
            errors.required(at + ".command", "");
          }
        }
        case "httpGet" -> {
          port(of.path("port"), at + ".port", errors);
          PodValidation.oneOf(of, "scheme", at, List.of("HTTP", "HTTPS"), errors);
        }
        case "tcpSocket", "grpc" -> port(of.path("port"), at + ".port", errors);
        default -> {}
      }
    }
    if (!found) {
      errors.required(path, "must specify a handler type");
    }
  }

  private static void port(JsonNode port, String path, FieldErrors errors) {
    if (port.isTextual()) {
      errors.invalid(path, port, Names.portName(port.textValue()));
    } else {
      PodValidation.port(port, path, errors);
    }
  }

  private static void required(JsonNode object, String field, String path, FieldErrors errors) {
    if (object.path(field).asText("").isEmpty()) {
      errors.required(path + "." + field, "");
    }
  }

  private static boolean isGiven(JsonNode object, String field) {
    return object.path(field).isObject();
  }
}
