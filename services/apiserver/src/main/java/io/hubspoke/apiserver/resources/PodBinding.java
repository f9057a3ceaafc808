package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Assigns a pod to a node, which happens once ({@code pods/binding}). */
public final class PodBinding {
  private PodBinding() {}

  /**
   * Sets the pod's node from a {@code Binding}, and its PodScheduled condition.
   *
   * @throws io.hubspoke.api.ApiException 409 when the pod has a node already or is being deleted,
   *     422 when the binding names none
   */
  public static void apply(ObjectNode pod, ObjectNode binding) {
    JsonNode target = binding.path("target");
    FieldErrors errors = new FieldErrors();
    String kind = target.path("kind").asText("");
    if (!kind.isEmpty() && !kind.equals("Node")) {
      errors.notSupported("target.kind", kind, List.of("Node", "<empty>"));
    }
    String node = target.path("name").asText("");
    if (node.isEmpty()) {
      errors.required("target.name", "");
    }
    String name = Meta.name(pod);
    if (!errors.isEmpty()) {
      throw Status.invalid(ResourceTable.PODS.type(), name, errors.causes()).toException();
    }
    if (Meta.deleting(pod)) {
      throw conflict(name, "pod " + name + " is being deleted, cannot be assigned to a host");
    }
    ObjectNode spec = GenericStrategy.object(pod, "spec");
    String before = spec.path("nodeName").asText("");
    if (!before.isEmpty()) {
      throw conflict(name, "pod " + name + " is already assigned to node \"" + before + "\"");
    }
    if (!spec.path("schedulingGates").isEmpty()) {
      throw conflict(name, "pod " + name + " has non-empty .spec.schedulingGates");
    }
    spec.put("nodeName", node);
    scheduled(GenericStrategy.object(pod, "status"));
  }

  private static void scheduled(ObjectNode status) {
    ArrayNode conditions = status.withArray("conditions");
    for (int i = conditions.size() - 1; i >= 0; i--) {
      if (conditions.get(i).path("type").asText("").equals("PodScheduled")) {
        conditions.remove(i);
      }
    }
    conditions
        .addObject()
        .put("type", "PodScheduled")
        .put("status", "True")
        .putNull("lastProbeTime")
        .put("lastTransitionTime", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static RuntimeException conflict(String name, String why) {
    return Status.conflict(ResourceTable.PODS.type(), name, why).toException();
  }
}
