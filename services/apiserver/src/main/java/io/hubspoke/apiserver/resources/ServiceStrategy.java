package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Services: ports, and an address that stays once it is given. */
final class ServiceStrategy extends GenericStrategy {
  private static final String EXTERNAL = "ExternalName";
  private static final List<String> TYPES =
      List.of("ClusterIP", EXTERNAL, "LoadBalancer", "NodePort");
  private static final List<String> FAMILY_POLICIES =
      List.of("SingleStack", "PreferDualStack", "RequireDualStack");

  /** What a service loses with its address. */
  private static final List<String> ADDRESS_FIELDS =
      List.of("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy");

  ServiceStrategy() {
    super(
        true,
        true,
        Map.of("spec.clusterIP", at("spec", "clusterIP"), "spec.type", at("spec", "type")));
  }

  @Override
  public List<String> validateName(String name, boolean prefix) {
    return Names.dns1035Label(prefix ? Names.withoutTrailingDash(name) : name);
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode service) {
    ObjectNode spec = object(service, "spec");
    setDefault(spec, "type", "ClusterIP");
    setDefault(spec, "sessionAffinity", "None");
    if (spec.path("sessionAffinity").asText().equals("ClientIP")) {
      setDefault(
          object(object(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", 10_800);
    }
    for (ObjectNode port : objects(spec, "ports")) {
      setDefault(port, "protocol", "TCP");
      if (isEmpty(port.get("targetPort")) && port.has("port")) {
        port.set("targetPort", port.get("port"));
      }
    }
    String type = spec.path("type").asText();
    if (!type.equals(EXTERNAL)) {
      setDefault(spec, "internalTrafficPolicy", "Cluster");
      setDefault(spec, "ipFamilyPolicy", "SingleStack");
      if (isEmpty(spec.get("ipFamilies"))) {
        spec.putArray("ipFamilies").add("IPv4");
      }
      matchAddresses(spec);
    }
    if (opensPorts(spec)) {
      setDefault(spec, "externalTrafficPolicy", "Cluster");
    }
    if (type.equals("LoadBalancer") && !spec.has("allocateLoadBalancerNodePorts")) {
      spec.put("allocateLoadBalancerNodePorts", true);
    }
    object(object(service, "status"), "loadBalancer");
  }

  /** The older {@code clusterIP} is the first of {@code clusterIPs}; old clients set only it. */
  private static void matchAddresses(ObjectNode spec) {
    String address = spec.path("clusterIP").asText("");
    JsonNode all = spec.path("clusterIPs");
    if (!address.isEmpty() && all.isEmpty()) {
      spec.putArray("clusterIPs").add(address);
    } else if (address.isEmpty()) {
      spec.remove("clusterIP");
      spec.remove("clusterIPs");
      if (!all.isEmpty()) {
        spec.set("clusterIP", all.get(0));
        spec.set("clusterIPs", all);
      }
    }
  }

  /** A client that leaves the address out keeps it; one that changes the type need not clear it. */
  @Override
  void change(ObjectNode service, ObjectNode old, String subresource, Requester requester) {
    ObjectNode spec = object(service, "spec");
    JsonNode before = old.path("spec");
    boolean external = isExternal(service);
    if (external && !isExternal(old)) {
      for (String field : ADDRESS_FIELDS) {
        if (spec.path(field).equals(before.path(field))) {
          spec.remove(field);
        }
      }
    } else if (!external && isEmpty(spec.get("clusterIP")) && !isEmpty(before.get("clusterIP"))) {
      spec.set("clusterIP", before.get("clusterIP"));
      if (before.has("clusterIPs")) {
        spec.set("clusterIPs", before.get("clusterIPs").deepCopy());
      }
    }
    if (opensPorts(spec) && opensPorts(before)) {
      ServicePorts.keepNodePorts(objects(spec, "ports"), before.path("ports"));
    } else if (opensPorts(before)) {
      ServicePorts.dropNodePorts(objects(spec, "ports"), before.path("ports"));
      if (spec.path("externalTrafficPolicy").equals(before.path("externalTrafficPolicy"))) {
        spec.remove("externalTrafficPolicy");
      }
    }
    ServicePorts.keepHealthCheck(spec, before);
  }

  /** Whether nodes open ports for a service. */
  private static boolean opensPorts(JsonNode spec) {
    String type = spec.path("type").asText();
    return type.equals("NodePort") || type.equals("LoadBalancer");
  }

  @Override
  void validate(ObjectNode service, FieldErrors errors) {
    JsonNode spec = service.path("spec");
    PodValidation.oneOf(spec, "type", "spec", TYPES, errors);
    PodValidation.oneOf(spec, "sessionAffinity", "spec", List.of("ClientIP", "None"), errors);
    for (String policy : List.of("internalTrafficPolicy", "externalTrafficPolicy")) {
      PodValidation.oneOf(spec, policy, "spec", List.of("Cluster", "Local"), errors);
    }
    JsonNode ports = spec.path("ports");
    if (ports.isEmpty() && !isHeadless(spec) && !isExternal(service)) {
      errors.required("spec.ports", "");
    }
    for (int i = 0; i < spec.path("externalIPs").size(); i++) {
      String address = spec.path("externalIPs").get(i).asText("");
      errors.invalid("spec.externalIPs[" + i + "]", address, IpAddresses.special(address));
    }
    ServicePorts.validate(ports, spec.path("type").asText(), errors);
    ServicePorts.validateHealthCheck(spec, errors);
    ObjectMetaRules.labels("spec.selector", spec.path("selector"), errors);
    if (isExternal(service)) {
      for (String field : List.of("clusterIPs", "ipFamilies", "ipFamilyPolicy")) {
        if (!isEmpty(spec.get(field))) {
          errors.forbidden("spec." + field, "may not be set for ExternalName services");
        }
      }
      String name = spec.path("externalName").asText("");
      if (name.isEmpty()) {
        errors.required("spec.externalName", "");
      } else {
        String relative = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        errors.invalid("spec.externalName", relative, Names.dns1123Subdomain(relative));
      }
    } else {
      addresses(spec, errors);
      families(spec, errors);
    }
  }

  private static void addresses(JsonNode spec, FieldErrors errors) {
    String address = spec.path("clusterIP").asText("");
    JsonNode all = spec.path("clusterIPs");
    if (address.isEmpty()) {
      return;
    }
    if (!all.path(0).asText("").equals(address)) {
      errors.invalid("spec.clusterIPs", all, "first value must match `clusterIP`");
    } else if (all.size() > 1) {
      errors.invalid("spec.clusterIPs", all, "may only hold up to 1 values");
    } else if (isHeadless(spec)) {
      String type = spec.path("type").asText();
      if (!type.equals("ClusterIP")) {
        errors.invalid(
            "spec.clusterIPs[0]", address, "may not be set to 'None' for " + type + " services");
      }
    } else if (!isAddress(address)) {
      errors.invalid(
          "spec.clusterIPs[0]",
          address,
          "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
  }

  /** The cluster has service addresses of IPv4 alone. */
  private static void families(JsonNode spec, FieldErrors errors) {
    PodValidation.oneOf(spec, "ipFamilyPolicy", "spec", FAMILY_POLICIES, errors);
    if (spec.path("ipFamilyPolicy").asText().equals("RequireDualStack")) {
      errors.invalid(
          "spec.ipFamilyPolicy",
          "RequireDualStack",
          "this cluster is not configured for dual-stack services");
    }
    for (int i = 0; i < spec.path("ipFamilies").size(); i++) {
      String family = spec.path("ipFamilies").get(i).asText();
      String path = "spec.ipFamilies[" + i + "]";
      if (family.equals("IPv6")) {
        errors.invalid(path, family, "not configured on this cluster");
      } else if (!family.equals("IPv4")) {
        errors.notSupported(path, family, List.of("IPv4", "IPv6"));
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode service, ObjectNode old, String subresource, FieldErrors errors) {
    if (!subresource.isEmpty()) {
      return;
    }
    validate(service, errors);
    ServicePorts.validateHealthCheckUpdate(service.path("spec"), old.path("spec"), errors);
    String before = old.path("spec").path("clusterIP").asText("");
    String now = service.path("spec").path("clusterIP").asText("");
    if (!before.isEmpty() && !isExternal(old) && !isExternal(service) && !before.equals(now)) {
      errors.invalid("spec.clusterIPs[0]", now, "may not change once set");
    }
  }

  private static boolean isExternal(JsonNode service) {
    return service.path("spec").path("type").asText().equals(EXTERNAL);
  }

  private static boolean isHeadless(JsonNode spec) {
    return spec.path("clusterIP").asText().equals("None");
  }

  private static boolean isAddress(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return false;
    }
    for (String part : parts) {
      boolean digits =
          !part.isEmpty() && part.length() <= 3 && part.chars().allMatch(c -> c >= '0' && c <= '9');
      if (!digits || Integer.parseInt(part) > 255) {
        return false;
      }
    }
    return true;
  }
}
