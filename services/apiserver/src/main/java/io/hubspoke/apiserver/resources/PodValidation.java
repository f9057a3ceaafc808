package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Validates a pod's spec. */
final class PodValidation {
  private static final List<String> PULL_POLICIES = List.of("Always", "IfNotPresent", "Never");
  private static final List<String> PROTOCOLS = List.of("SCTP", "TCP", "UDP");
  private static final List<String> RESTART_POLICIES = List.of("Always", "OnFailure", "Never");
  private static final List<String> DNS_POLICIES =
      List.of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
  private static final List<String> EFFECTS =
      List.of("NoSchedule", "PreferNoSchedule", "NoExecute");

  private PodValidation() {}

  static void validate(JsonNode spec, String path, FieldErrors errors) {
    Set<String> volumes = VolumeRules.validate(spec.path("volumes"), path + ".volumes", errors);
    Set<String> names = new HashSet<>();
    if (spec.path("containers").isEmpty()) {
      errors.required(path + ".containers", "");
    }
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      for (int i = 0; i < spec.path(list).size(); i++) {
        container(
            spec.path(list).get(i), path + "." + list + "[" + i + "]", names, volumes, errors);
      }
    }
    if (spec.path("hostNetwork").asBoolean()) {
      hostPorts(spec, path, errors);
    }
    oneOf(spec, "restartPolicy", path, RESTART_POLICIES, errors);
    oneOf(spec, "dnsPolicy", path, DNS_POLICIES, errors);
    FieldNumbers.nonNegative(spec, "terminationGracePeriodSeconds", path, errors);
    if (spec.has("activeDeadlineSeconds") && spec.get("activeDeadlineSeconds").asLong() < 1) {
      errors.invalid(
          path + ".activeDeadlineSeconds",
          spec.get("activeDeadlineSeconds"),
          "must be between 1 and 2147483647, inclusive");
    }
    for (String field : List.of("nodeName", "serviceAccountName")) {
      String value = spec.path(field).asText("");
      if (!value.isEmpty()) {
        errors.invalid(path + "." + field, value, Names.dns1123Subdomain(value));
      }
    }
    for (String field : List.of("hostname", "subdomain")) {
      String value = spec.path(field).asText("");
      if (!value.isEmpty()) {
        errors.invalid(path + "." + field, value, Names.dns1123Label(value));
      }
    }
    ObjectMetaRules.labels(path + ".nodeSelector", spec.path("nodeSelector"), errors);
    tolerations(spec.path("tolerations"), path + ".tolerations", errors);
  }

  private static void container(
      JsonNode container, String path, Set<String> names, Set<String> volumes, FieldErrors errors) {
    String name = container.path("name").asText("");
    if (name.isEmpty()) {
      errors.required(path + ".name", "");
    } else {
      errors.invalid(path + ".name", name, Names.dns1123Label(name));
      if (!names.add(name)) {
        errors.duplicate(path + ".name", name);
      }
    }
    String image = container.path("image").asText("");
    if (image.isEmpty()) {
      errors.required(path + ".image", "");
    } else if (!image.equals(image.strip())) {
      errors.invalid(path + ".image", image, "must not have leading or trailing whitespace");
    }
    oneOf(container, "imagePullPolicy", path, PULL_POLICIES, errors);
    ports(container.path("ports"), path + ".ports", errors);
    ContainerRules.environment(container, path, errors);
    for (int i = 0; i < container.path("volumeMounts").size(); i++) {
      JsonNode mount = container.path("volumeMounts").get(i);
      String at = path + ".volumeMounts[" + i + "]";
      String volume = mount.path("name").asText("");
      if (volume.isEmpty()) {
        errors.required(at + ".name", "");
      } else if (!volumes.contains(volume)) {
        errors.notFound(at + ".name", volume);
      }
      VolumePaths.mount(mount, at, errors);
    }
    ContainerRules.mountPaths(container.path("volumeMounts"), path + ".volumeMounts", errors);
    ContainerRules.probes(container, path, errors);
    ContainerRules.hooks(container, path, errors);
    resources(container.path("resources"), path + ".resources", errors);
  }

  private static void ports(JsonNode ports, String path, FieldErrors errors) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < ports.size(); i++) {
      JsonNode port = ports.get(i);
      String at = path + "[" + i + "]";
      String name = port.path("name").asText("");
      if (!name.isEmpty() && !names.add(name)) {
        errors.duplicate(at + ".name", name);
      }
      if (port.path("containerPort").asInt() == 0) {
        errors.required(at + ".containerPort", "");
      } else {
        port(port.path("containerPort"), at + ".containerPort", errors);
      }
      if (port.path("hostPort").asInt() != 0) {
        port(port.path("hostPort"), at + ".hostPort", errors);
      }
      oneOf(port, "protocol", at, PROTOCOLS, errors);
    }
  }

  /** On the host's network a port has no other number outside; a template may leave it out. */
  private static void hostPorts(JsonNode spec, String path, FieldErrors errors) {
    for (String list : List.of("initContainers", "containers")) {
      for (int i = 0; i < spec.path(list).size(); i++) {
        JsonNode ports = spec.path(list).get(i).path("ports");
        for (int j = 0; j < ports.size(); j++) {
          JsonNode hostPort = ports.get(j).path("hostPort");
          if (hostPort.asInt() != 0
              && hostPort.asInt() != ports.get(j).path("containerPort").asInt()) {
            errors.invalid(
                path + "." + list + "[" + i + "].ports[" + j + "].hostPort",
                hostPort,
                "must match `containerPort` when `hostNetwork` is true");
          }
        }
      }
    }
  }

  static void port(JsonNode port, String path, FieldErrors errors) {
    long number = port.asLong();
    if (number < 1 || number > 65535) {
      errors.invalid(path, port, "must be between 1 and 65535, inclusive");
    }
  }

  private static void resources(JsonNode resources, String path, FieldErrors errors) {
    for (String list : List.of("limits", "requests")) {
      for (var entry : resources.path(list).properties()) {
        String at = path + "." + list + "[" + entry.getKey() + "]";
        Optional<BigDecimal> value = Quantity.parse(entry.getValue().asText());
        if (value.isEmpty()) {
          continue;
        }
        if (value.get().signum() < 0) {
          errors.invalid(at, entry.getValue(), "must be greater than or equal to 0");
        } else if (list.equals("requests")) {
          notAboveLimit(entry.getValue(), value.get(), resources, entry.getKey(), path, errors);
        }
      }
    }
  }

  private static void notAboveLimit(
      JsonNode shown,
      BigDecimal request,
      JsonNode resources,
      String name,
      String path,
      FieldErrors errors) {
    JsonNode limit = resources.path("limits").path(name);
    if (Quantity.parse(limit.asText("")).filter(l -> request.compareTo(l) > 0).isPresent()) {
      errors.invalid(
          path + ".requests",
          shown,
          "must be less than or equal to " + name + " limit of " + limit.asText());
    }
  }

  static void tolerations(JsonNode tolerations, String path, FieldErrors errors) {
    for (int i = 0; i < tolerations.size(); i++) {
      JsonNode toleration = tolerations.get(i);
      String at = path + "[" + i + "]";
      String key = toleration.path("key").asText("");
      String operator = toleration.path("operator").asText("");
      if (!key.isEmpty()) {
        errors.invalid(at + ".key", key, Names.qualifiedName(key));
      } else if (!operator.equals("Exists")) {
        errors.invalid(
            at + ".operator",
            operator,
            "operator must be Exists when `key` is empty, which means \"match all values and all"
                + " keys\"");
      }
      oneOf(toleration, "operator", at, List.of("Equal", "Exists"), errors);
      oneOf(toleration, "effect", at, EFFECTS, errors);
    }
  }

  static void oneOf(
      JsonNode object, String field, String path, List<String> allowed, FieldErrors errors) {
    String value = object.path(field).asText("");
    if (!value.isEmpty() && !allowed.contains(value)) {
      errors.notSupported(path + "." + field, value, allowed);
    }
  }
}
