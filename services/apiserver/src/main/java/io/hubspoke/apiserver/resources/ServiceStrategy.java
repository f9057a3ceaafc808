package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Services: ports, and an address that stays once it is given. */
final class ServiceStrategy extends GenericStrategy {
  private static final String SHAPE =
      """
      spec{type:string,clusterIP:string,clusterIPs[]:string,ports[]{name:string,protocol:string,
      port:integer,targetPort:int_or_string,nodePort:integer,appProtocol:string},
      selector%%:string,externalIPs[]:string,externalName:string,sessionAffinity:string,
      sessionAffinityConfig:any,loadBalancerIP:string,loadBalancerClass:string,
      loadBalancerSourceRanges[]:string,externalTrafficPolicy:string,
      internalTrafficPolicy:string,healthCheckNodePort:integer,
      publishNotReadyAddresses:boolean,ipFamilies[]:string,ipFamilyPolicy:string,
      allocateLoadBalancerNodePorts:boolean,trafficDistribution:string},
      status{loadBalancer:any,%s}
      """
          .formatted(PodShape.CONDITIONS);
  private static final List<String> TYPES =
      List.of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort");

  ServiceStrategy() {
    super(
        SHAPE,
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
    for (ObjectNode port : objects(spec, "ports")) {
      setDefault(port, "protocol", "TCP");
      if (isEmpty(port.get("targetPort")) && port.has("port")) {
        port.set("targetPort", port.get("port"));
      }
    }
    if (!spec.path("type").asText().equals("ExternalName")) {
      setDefault(spec, "internalTrafficPolicy", "Cluster");
      setDefault(spec, "ipFamilyPolicy", "SingleStack");
      if (isEmpty(spec.get("ipFamilies"))) {
        spec.putArray("ipFamilies").add("IPv4");
      }
      String address = spec.path("clusterIP").asText("");
      if (!address.isEmpty() && isEmpty(spec.get("clusterIPs"))) {
        spec.putArray("clusterIPs").add(address);
      } else if (address.isEmpty()
          && spec.get("clusterIPs") instanceof ArrayNode all
          && !all.isEmpty()) {
        spec.set("clusterIP", all.get(0));
      }
    }
    object(object(service, "status"), "loadBalancer");
  }

  /** A client that leaves the address out keeps it. */
  @Override
  void change(ObjectNode service, ObjectNode old, String subresource, Requester requester) {
    ObjectNode spec = object(service, "spec");
    JsonNode before = old.path("spec");
    if (isEmpty(spec.get("clusterIP"))
        && !isEmpty(before.get("clusterIP"))
        && !spec.path("type").asText().equals("ExternalName")) {
      spec.set("clusterIP", before.get("clusterIP"));
      if (before.has("clusterIPs")) {
        spec.set("clusterIPs", before.get("clusterIPs").deepCopy());
      }
    }
  }

  @Override
  void validate(ObjectNode service, FieldErrors errors) {
    JsonNode spec = service.path("spec");
    String type = spec.path("type").asText();
    PodValidation.oneOf(spec, "type", "spec", TYPES, errors);
    PodValidation.oneOf(spec, "sessionAffinity", "spec", List.of("ClientIP", "None"), errors);
    JsonNode ports = spec.path("ports");
    boolean headless = spec.path("clusterIP").asText().equals("None");
    if (ports.isEmpty() && !headless && !type.equals("ExternalName")) {
      errors.required("spec.ports", "");
    }
    ports(ports, errors);
    ObjectMetaRules.labels("spec.selector", spec.path("selector"), errors);
    String address = spec.path("clusterIP").asText("");
    if (type.equals("ExternalName")) {
      if (!address.isEmpty()) {
        errors.forbidden("spec.clusterIPs", "may not be set for ExternalName services");
      }
      if (spec.path("externalName").asText("").isEmpty()) {
        errors.required("spec.externalName", "");
      }
    } else if (!address.isEmpty() && !headless && !isAddress(address)) {
      errors.invalid(
          "spec.clusterIPs[0]",
          address,
          "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
  }

  @Override
  void validateUpdate(ObjectNode service, ObjectNode old, String subresource, FieldErrors errors) {
    if (!subresource.isEmpty()) {
      return;
    }
    validate(service, errors);
    String before = old.path("spec").path("clusterIP").asText("");
    String now = service.path("spec").path("clusterIP").asText("");
    boolean external = service.path("spec").path("type").asText().equals("ExternalName");
    if (!before.isEmpty() && !external && !before.equals(now)) {
      errors.invalid("spec.clusterIPs[0]", now, "may not change once set");
    }
  }

  private static void ports(JsonNode ports, FieldErrors errors) {
    Set<String> names = new HashSet<>();
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
      PodValidation.oneOf(port, "protocol", path, List.of("SCTP", "TCP", "UDP"), errors);
      if (port.path("targetPort").isIntegralNumber()) {
        PodValidation.port(port.path("targetPort"), path + ".targetPort", errors);
      }
    }
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
