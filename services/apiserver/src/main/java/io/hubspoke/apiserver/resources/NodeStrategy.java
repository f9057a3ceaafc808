package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Nodes: the capacity is what is allocatable unless the kubelet says otherwise. */
final class NodeStrategy extends GenericStrategy {
  private static final List<String> EFFECTS =
      List.of("NoSchedule", "PreferNoSchedule", "NoExecute");

  NodeStrategy() {
    super(
        false,
        true,
        Map.of(
            "spec.unschedulable",
            node -> String.valueOf(node.path("spec").path("unschedulable").asBoolean())));
  }

  /** A node's status comes with it: the kubelet registers with both. */
  @Override
  boolean clearsStatus() {
    return false;
  }

  @Override
  void applyDefaults(ObjectNode node) {
    podRanges(object(node, "spec"));
    ObjectNode status = object(node, "status");
    if (!status.has("allocatable") && status.has("capacity")) {
      status.set("allocatable", status.get("capacity").deepCopy());
    }
  }

  /** podCIDR is the first of podCIDRs, from the time when there was one. */
  private static void podRanges(ObjectNode spec) {
    String first = spec.path("podCIDR").asText("");
    JsonNode ranges = spec.path("podCIDRs");
    if (first.isEmpty() && !ranges.isEmpty()) {
      spec.set("podCIDR", ranges.get(0));
    } else if (!first.isEmpty() && !ranges.path(0).asText("").equals(first)) {
      spec.putArray("podCIDRs").add(first);
    }
  }

  @Override
  void validate(ObjectNode node, FieldErrors errors) {
    JsonNode taints = node.path("spec").path("taints");
    for (int i = 0; i < taints.size(); i++) {
      String path = "spec.taints[" + i + "]";
      JsonNode taint = taints.get(i);
      errors.invalid(
          path + ".key",
          taint.path("key").asText(""),
          io.hubspoke.api.Names.qualifiedName(taint.path("key").asText("")));
      if (taint.path("effect").asText("").isEmpty()) {
        errors.required(path + ".effect", "");
      }
      PodValidation.oneOf(taint, "effect", path, EFFECTS, errors);
    }
  }

  @Override
  void validateUpdate(ObjectNode node, ObjectNode old, String subresource, FieldErrors errors) {
    validate(node, errors);
    JsonNode ranges = old.path("spec").path("podCIDRs");
    if (!ranges.isEmpty() && !ranges.equals(node.path("spec").path("podCIDRs"))) {
      errors.forbidden(
          "spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
    }
    String provider = old.path("spec").path("providerID").asText("");
    if (!provider.isEmpty() && !provider.equals(node.path("spec").path("providerID").asText(""))) {
      errors.forbidden(
          "spec.providerID", "node updates may not change providerID except from \"\" to valid");
    }
  }
}
