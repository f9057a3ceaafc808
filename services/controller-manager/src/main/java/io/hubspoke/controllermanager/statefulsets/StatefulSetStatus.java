package io.hubspoke.controllermanager.statefulsets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.controllermanager.workloads.PodState;
import java.time.Instant;
import java.util.List;

/** Counts what a stateful set has, as its status says it. */
final class StatefulSetStatus {
  private StatefulSetStatus() {}

  /**
   * Returns the status.
   *
   * @param current the revision from before an update that is not over yet
   */
  static ObjectNode of(
      StatefulSpec set, List<Pod> pods, String current, String update, Instant now) {
    var ready = 0;
    var available = 0;
    var ofCurrent = 0;
    var ofUpdate = 0;
    for (var pod : pods) {
      if (PodState.phase(pod).equals("Running") && PodState.isReady(pod)) {
        ready++;
        available += PodState.isAvailable(pod, set.minReadySeconds(), now) ? 1 : 0;
      }
      if (!PodState.isDeleting(pod)) {
        ofCurrent += StatefulPlan.revision(pod).equals(current) ? 1 : 0;
        ofUpdate += StatefulPlan.revision(pod).equals(update) ? 1 : 0;
      }
    }
    var over = set.rolls() && ofUpdate == pods.size() && ready == pods.size();
    var old = set.tree().path("status");
    var status = old instanceof ObjectNode o ? o.deepCopy() : Json.object();
    status.put("replicas", pods.size()).put("availableReplicas", available);
    status.put("observedGeneration", set.tree().path("metadata").path("generation").asInt());
    status.put("currentRevision", over ? update : current).put("updateRevision", update);
    // As the API writes them, these are left out when there are none.
    optional(status, "readyReplicas", ready);
    optional(status, "currentReplicas", over ? ofUpdate : ofCurrent);
    optional(status, "updatedReplicas", ofUpdate);
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
