package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Ingresses: which host and path go to which service. Stored; no controller of ours acts on it. */
final class IngressStrategy extends GenerationStrategy {
  private static final String CLASS_ANNOTATION = "kubernetes.io/ingress.class";
  private static final List<String> PATH_TYPES =
      List.of("Exact", "ImplementationSpecific", "Prefix");

  IngressStrategy() {
    super(true, true, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode ingress) {
    object(ingress, "spec");
    object(object(ingress, "status"), "loadBalancer");
  }

  @Override
  void validate(ObjectNode ingress, FieldErrors errors) {
    spec(ingress.path("spec"), errors);
  }

  @Override
  void validateNew(ObjectNode ingress, FieldErrors errors) {
    JsonNode annotation = ingress.path("metadata").path("annotations").path(CLASS_ANNOTATION);
    if (!annotation.isMissingNode() && ingress.path("spec").has("ingressClassName")) {
      errors.invalid(
          "annotations." + CLASS_ANNOTATION,
          annotation,
          "can not be set when the class field is also set");
    }
  }

  private static void spec(JsonNode spec, FieldErrors errors) {
    if (spec.path("rules").isEmpty() && !spec.has("defaultBackend")) {
      errors.invalid("spec", spec, "either `defaultBackend` or `rules` must be specified");
    }
    if (spec.has("defaultBackend")) {
      backend(spec.path("defaultBackend"), "spec.defaultBackend", errors);
    }
    for (int i = 0; i < spec.path("rules").size(); i++) {
      rule(spec.path("rules").get(i), "spec.rules[" + i + "]", errors);
    }
    for (int i = 0; i < spec.path("tls").size(); i++) {
      JsonNode hosts = spec.path("tls").get(i).path("hosts");
      for (int h = 0; h < hosts.size(); h++) {
        host(hosts.get(h).asText(""), "spec.tls[" + i + "].hosts[" + h + "]", errors);
      }
      String secret = spec.path("tls").get(i).path("secretName").asText("");
      if (!secret.isEmpty()) {
        errors.invalid("spec.tls[" + i + "].secretName", secret, Names.dns1123Subdomain(secret));
      }
    }
    if (spec.has("ingressClassName")) {
      String name = spec.path("ingressClassName").asText("");
      errors.invalid("spec.ingressClassName", name, Names.dns1123Subdomain(name));
    }
  }

  private static void rule(JsonNode rule, String path, FieldErrors errors) {
    String host = rule.path("host").asText("");
    if (!host.isEmpty()) {
      if (IpAddresses.isAddress(host)) {
        errors.invalid(path + ".host", host, "must be a DNS name, not an IP address");
      }
      host(host, path + ".host", errors);
    }
    if (!rule.has("http")) {
      return;
    }
    JsonNode paths = rule.path("http").path("paths");
    if (paths.isEmpty()) {
      errors.required(path + ".http.paths", "");
    }
    for (int i = 0; i < paths.size(); i++) {
      path(paths.get(i), path + ".http.paths[" + i + "]", errors);
    }
  }

  private static void host(String host, String path, FieldErrors errors) {
    String name = host.startsWith("*.") ? host.substring(2) : host;
    errors.invalid(path, host, Names.dns1123Subdomain(name));
  }

  private static void path(JsonNode path, String at, FieldErrors errors) {
    String type = path.path("pathType").asText("");
    String value = path.path("path").asText("");
    switch (type) {
      case "" -> errors.required(at + ".pathType", "pathType must be specified");
      case "Exact", "Prefix" -> {
        if (!value.startsWith("/")) {
          errors.invalid(at + ".path", value, "must be an absolute path");
        }
        for (String part : List.of("//", "/./", "/../", "%2f", "%2F")) {
          if (value.contains(part)) {
            errors.invalid(at + ".path", value, "must not contain '" + part + "'");
          }
        }
        for (String end : List.of("/..", "/.")) {
          if (value.endsWith(end)) {
            errors.invalid(at + ".path", value, "cannot end with '" + end + "'");
          }
        }
      }
      case "ImplementationSpecific" -> {
        if (!value.isEmpty() && !value.startsWith("/")) {
          errors.invalid(at + ".path", value, "must be an absolute path");
        }
      }
      default -> errors.notSupported(at + ".pathType", type, PATH_TYPES);
    }
    backend(path.path("backend"), at + ".backend", errors);
  }

  private static void backend(JsonNode backend, String path, FieldErrors errors) {
    boolean resource = backend.has("resource");
    if (resource && backend.has("service")) {
      errors.invalid(path, "", "cannot set both resource and service backends");
    } else if (resource) {
      for (String field : List.of("kind", "name")) {
        if (backend.path("resource").path(field).asText("").isEmpty()) {
          errors.required(path + ".resource." + field, field + " is required");
        }
      }
    } else if (backend.has("service")) {
      service(backend.path("service"), path + ".service", errors);
    } else {
      errors.required(path, "resource or service backend is required");
    }
  }

  private static void service(JsonNode service, String path, FieldErrors errors) {
    String name = service.path("name").asText("");
    if (name.isEmpty()) {
      errors.required(path + ".name", "");
    } else {
      errors.invalid(path + ".name", name, Names.dns1035Label(name));
    }
    String portName = service.path("port").path("name").asText("");
    boolean number = service.path("port").path("number").asInt() != 0;
    if (!portName.isEmpty() && number) {
      errors.invalid(path, "", "cannot set both port name & port number");
    } else if (!portName.isEmpty()) {
      errors.invalid(path + ".port.name", portName, Names.portName(portName));
    } else if (number) {
      PodValidation.port(service.path("port").path("number"), path + ".port.number", errors);
    } else {
      errors.required(path, "port name or number is required");
    }
  }
}
