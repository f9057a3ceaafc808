package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** NetworkPolicies: who may talk to which pods. Stored; nothing of ours enforces them. */
final class NetworkPolicyStrategy extends GenerationStrategy {
  private static final List<String> TYPES = List.of("Egress", "Ingress");
  private static final List<String> PROTOCOLS = List.of("SCTP", "TCP", "UDP");

  NetworkPolicyStrategy() {
    super(true, false, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode policy) {
    ObjectNode spec = object(policy, "spec");
    object(spec, "podSelector");
    for (String direction : List.of("ingress", "egress")) {
      for (ObjectNode rule : objects(spec, direction)) {
        objects(rule, "ports").forEach(port -> setDefault(port, "protocol", "TCP"));
      }
    }
    if (isEmpty(spec.get("policyTypes"))) {
      ArrayNode types = spec.putArray("policyTypes").add("Ingress");
      if (!spec.path("egress").isEmpty()) {
        types.add("Egress");
      }
    }
  }

  @Override
  void validate(ObjectNode policy, FieldErrors errors) {
    JsonNode spec = policy.path("spec");
    LabelSelectorRules.validate(spec.path("podSelector"), "spec.podSelector", errors);
    rules(spec.path("ingress"), "spec.ingress", "from", errors);
    rules(spec.path("egress"), "spec.egress", "to", errors);
    JsonNode types = spec.path("policyTypes");
    if (types.size() > TYPES.size()) {
      errors.invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
      return;
    }
    for (int i = 0; i < types.size(); i++) {
      if (!TYPES.contains(types.get(i).asText())) {
        errors.notSupported("spec.policyTypes[" + i + "]", types.get(i), TYPES);
      }
    }
  }

  private static void rules(JsonNode rules, String path, String peers, FieldErrors errors) {
    for (int i = 0; i < rules.size(); i++) {
      String at = path + "[" + i + "]";
      JsonNode rule = rules.get(i);
      for (int p = 0; p < rule.path("ports").size(); p++) {
        port(rule.path("ports").get(p), at + ".ports[" + p + "]", errors);
      }
      for (int p = 0; p < rule.path(peers).size(); p++) {
        peer(rule.path(peers).get(p), at + "." + peers + "[" + p + "]", errors);
      }
    }
  }

  private static void port(JsonNode port, String path, FieldErrors errors) {
    PodValidation.oneOf(port, "protocol", path, PROTOCOLS, errors);
    JsonNode number = port.path("port");
    JsonNode end = port.path("endPort");
    if (number.isIntegralNumber()) {
      PodValidation.port(number, path + ".port", errors);
      if (end.isIntegralNumber()) {
        if (end.asInt() < number.asInt()) {
          errors.invalid(path + ".endPort", end, "must be greater than or equal to `port`");
        }
        PodValidation.port(end, path + ".endPort", errors);
      }
    } else if (number.isTextual()) {
      if (!end.isMissingNode()) {
        errors.invalid(path + ".endPort", end, "may not be specified when `port` is non-numeric");
      }
      errors.invalid(path + ".port", number, Names.portName(number.textValue()));
    } else if (!end.isMissingNode()) {
      errors.invalid(path + ".endPort", end, "may not be specified when `port` is not specified");
    }
  }

  private static void peer(JsonNode peer, String path, FieldErrors errors) {
    boolean selects = peer.has("podSelector") || peer.has("namespaceSelector");
    for (String selector : List.of("podSelector", "namespaceSelector")) {
      LabelSelectorRules.validate(peer.path(selector), path + "." + selector, errors);
    }
    if (peer.has("ipBlock")) {
      block(peer.path("ipBlock"), path + ".ipBlock", errors);
      if (selects) {
        errors.forbidden(path, "may not specify both ipBlock and another peer");
      }
    } else if (!selects) {
      errors.required(path, "must specify a peer");
    }
  }

  private static void block(JsonNode block, String path, FieldErrors errors) {
    String range = block.path("cidr").asText("");
    if (range.isEmpty()) {
      errors.required(path + ".cidr", "");
    } else if (!IpAddresses.isRange(range)) {
      errors.invalid(
          path + ".cidr", range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
    for (int i = 0; i < block.path("except").size(); i++) {
      String except = block.path("except").get(i).asText("");
      if (!IpAddresses.isRange(except)) {
        errors.invalid(
            path + ".except[" + i + "]",
            except,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
      }
    }
  }
}
