package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import java.time.Instant;
import java.util.List;
import java.util.function.UnaryOperator;

/** Puts a pod on a node, once: what {@code POST pods/NAME/binding} does. */
record PodBinding(ResourceType pods, String pod, ObjectNode binding, Instant now)
    implements UnaryOperator<ObjectNode> {

  private static final String MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

  PodBinding {
    String kind = binding.path("target").path("kind").asText("");
    String node = binding.path("target").path("name").asText("");
    if (!kind.isEmpty() && !kind.equals("Node")) {
      throw invalid(
          pods,
          pod,
          new Cause(
              "FieldValueNotSupported",
              "Unsupported value: \"" + kind + "\": supported values: \"Node\", \"<empty>\"",
              "target.kind"));
    }
    if (node.isEmpty()) {
      throw invalid(pods, pod, new Cause("FieldValueRequired", "Required value", "target.name"));
    }
    List<String> errors = Names.dns1123Subdomain(node);
    if (!errors.isEmpty()) {
      throw invalid(
          pods,
          pod,
          new Cause(
              "FieldValueInvalid",
              "Invalid value: \"" + node + "\": " + errors.getFirst(),
              "target.name"));
    }
    if (Meta.annotations(binding).containsKey(MIRROR_ANNOTATION)) {
      throw invalid(
          pods,
          pod,
          new Cause(
              "FieldValueForbidden",
              "Forbidden: may not add mirror pod annotation",
              "metadata.annotations[" + MIRROR_ANNOTATION + "]"));
    }
    String name = Meta.name(binding);
    if (!name.isEmpty() && !name.equals(pod)) {
      throw Status.badRequest("name in URL does not match name in Binding object").toException();
    }
  }

  @Override
  public ObjectNode apply(ObjectNode object) {
    if (Meta.deleting(object)) {
      throw conflict("pod " + pod + " is being deleted, cannot be assigned to a host");
    }
    String current = object.path("spec").path("nodeName").asText("");
    if (!current.isEmpty()) {
      throw conflict("pod " + pod + " is already assigned to node \"" + current + "\"");
    }
    if (!object.path("spec").path("schedulingGates").isEmpty()) {
      throw conflict("pod " + pod + " has non-empty .spec.schedulingGates");
    }
    String uid = Meta.uid(binding);
    if (!uid.isEmpty() && !uid.equals(Meta.uid(object))) {
      throw conflict(SystemMetadata.uidMismatch(uid, Meta.uid(object)));
    }
    ObjectNode spec = object.get("spec") instanceof ObjectNode s ? s : object.putObject("spec");
    spec.put("nodeName", binding.path("target").path("name").asText());
    Meta.annotations(binding)
        .forEach((k, v) -> Meta.of(object).withObject("annotations").put(k, v));
    setScheduled(object);
    return object;
  }

  private void setScheduled(ObjectNode object) {
    ObjectNode status =
        object.get("status") instanceof ObjectNode s ? s : object.putObject("status");
    ArrayNode conditions =
        status.get("conditions") instanceof ArrayNode a ? a : status.putArray("conditions");
    for (int i = 0; i < conditions.size(); i++) {
      if (conditions.get(i).path("type").asText().equals("PodScheduled")) {
        conditions.remove(i--);
      }
    }
    conditions
        .addObject()
        .put("type", "PodScheduled")
        .put("status", "True")
        .putNull("lastProbeTime")
        .put("lastTransitionTime", now.toString());
  }

  private RuntimeException conflict(String why) {
    return new Status(
            409,
            "Conflict",
            "Operation cannot be fulfilled on pods/binding \"" + pod + "\": " + why,
            new Status.Details(pod, "", "pods/binding", "", List.of(), 0))
        .toException();
  }

  private static RuntimeException invalid(ResourceType pods, String pod, Cause cause) {
    return Status.invalid(pods, pod, List.of(cause)).toException();
  }
}
