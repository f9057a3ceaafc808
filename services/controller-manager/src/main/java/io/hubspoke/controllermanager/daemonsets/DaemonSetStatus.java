package io.hubspoke.controllermanager.daemonsets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.controllermanager.workloads.PodState;
import java.time.Instant;

/** Counts what a daemon set has, as its status says it. */
final class DaemonSetStatus {
  private DaemonSetStatus() {}

  /**
   * Returns the status.
   *
   * @param observed whether the pods were brought in line with the present generation
   */
  static ObjectNode of(
      DaemonSpec set, Placement placement, String hash, boolean observed, Instant now) {
    var desired = 0;
    var current = 0;
    var misscheduled = 0;
    var ready = 0;
    var available = 0;
    var updated = 0;
    for (var node : placement.nodes().entrySet()) {
      var pods = placement.on(node.getKey());
      if (node.getValue() != Eligibility.RUN) {
        misscheduled += pods.isEmpty() ? 0 : 1;
        continue;
      }
      desired++;
      if (pods.isEmpty()) {
        continue;
      }
      current++;
      var pod = pods.getFirst();
      if (PodState.isReady(pod)) {
        ready++;
        available += PodState.isAvailable(pod, set.minReadySeconds(), now) ? 1 : 0;
      }
      updated += DaemonPods.isUpdated(pod, set, hash) ? 1 : 0;
    }
    var old = set.tree().path("status");
    var status = old instanceof ObjectNode o ? o.deepCopy() : Json.object();
    status
        .put("currentNumberScheduled", current)
        .put("numberMisscheduled", misscheduled)
        .put("desiredNumberScheduled", desired)
        .put("numberReady", ready);
    if (observed) {
      status.put("observedGeneration", set.generation());
    }
    // As the API writes them, these are left out when there are none.
    optional(status, "updatedNumberScheduled", updated);
    optional(status, "numberAvailable", available);
    optional(status, "numberUnavailable", desired - available);
    return status;
  }

  private static void optional(ObjectNode status, String field, int count) {
    if (count == 0) {
      status.remove(field);
    } else {
      status.put(field, count);
    }
  }
}
