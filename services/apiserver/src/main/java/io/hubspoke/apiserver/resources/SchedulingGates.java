package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;

/**
 * Holds pods back from the scheduler until their gates are removed ("Pod Scheduling Readiness").
 */
final class SchedulingGates {
  private SchedulingGates() {}

  /** Says of a new pod that it waits for its gates. */
  static void begin(ObjectNode pod) {
    if (isGated(pod)) {
      pod.withObject("status")
          .withArray("conditions")
          .addObject()
          .put("type", "PodScheduled")
          .put("status", "False")
          .put("reason", "SchedulingGated")
          .put("message", "Scheduling is blocked due to non-empty scheduling gates");
    }
  }

  static void validate(ObjectNode pod, FieldErrors errors) {
    if (isGated(pod) && !pod.path("spec").path("nodeName").asText("").isEmpty()) {
      errors.forbidden(
          "spec.nodeName", "cannot be set until all schedulingGates have been cleared");
    }
  }

  /** Gates are removed one by one, and never added. */
  static void validateUpdate(ObjectNode pod, ObjectNode old, FieldErrors errors) {
    Set<String> known = names(old);
    for (String name : names(pod)) {
      if (!known.contains(name)) {
        errors.forbidden(
            "spec.schedulingGates",
            "only deletion is allowed, but found new scheduling gate '" + name + "'");
      }
    }
  }

  /** Tells whether a pod that is gated still is made to want fewer nodes than before. */
  static boolean narrowsSelector(ObjectNode pod, ObjectNode old) {
    if (!isGated(old)) {
      return false;
    }
    JsonNode now = pod.path("spec").path("nodeSelector");
    for (var label : old.path("spec").path("nodeSelector").properties()) {
      if (!label.getValue().equals(now.get(label.getKey()))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isGated(ObjectNode pod) {
    return !pod.path("spec").path("schedulingGates").isEmpty();
  }

  private static Set<String> names(ObjectNode pod) {
    Set<String> names = new HashSet<>();
    pod.path("spec").path("schedulingGates").forEach(gate -> names.add(gate.path("name").asText()));
    return names;
  }
}
