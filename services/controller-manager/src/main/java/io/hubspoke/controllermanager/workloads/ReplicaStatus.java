package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetConditionBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Works out the status of a replica set from its pods. */
final class ReplicaStatus {
  private static final String REPLICA_FAILURE = "ReplicaFailure";

  private ReplicaStatus() {}

  /**
   * Returns the status.
   *
   * @param old which conditions are kept of
   * @param labels the template's
   * @param failure what creating or deleting pods ended with; null when all went well
   */
  static ReplicaSetStatus of(
      ReplicaSetStatus old,
      long generation,
      int replicas,
      int minReadySeconds,
      Map<String, String> labels,
      List<Pod> active,
      Throwable failure,
      Instant now) {
    int labelled = 0;
    int ready = 0;
    int available = 0;
    for (var pod : active) {
      labelled += pod.getMetadata().getLabels().entrySet().containsAll(labels.entrySet()) ? 1 : 0;
      if (PodState.isReady(pod)) {
        ready++;
        available += PodState.isAvailable(pod, minReadySeconds, now) ? 1 : 0;
      }
    }
    var status = new ReplicaSetStatus();
    status.setObservedGeneration(generation);
    status.setReplicas(active.size());
    status.setFullyLabeledReplicas(orAbsent(labelled));
    status.setReadyReplicas(orAbsent(ready));
    status.setAvailableReplicas(orAbsent(available));
    status.setConditions(conditions(old, active.size() - replicas, failure, now));
    return status;
  }

  /** A zero is not sent, so that statuses compare as they are stored. */
  private static Integer orAbsent(int count) {
    return count == 0 ? null : count;
  }

  private static List<ReplicaSetCondition> conditions(
      ReplicaSetStatus old, int surplus, Throwable failure, Instant now) {
    var conditions = new ArrayList<ReplicaSetCondition>();
    ReplicaSetCondition known = null;
    for (var condition : old.getConditions()) {
      if (condition.getType().equals(REPLICA_FAILURE)) {
        known = condition;
      } else {
        conditions.add(condition);
      }
    }
    if (failure != null) {
      // One that is there already says when it began, and what it began with.
      conditions.add(
          known != null
              ? known
              : new ReplicaSetConditionBuilder()
                  .withType(REPLICA_FAILURE)
                  .withStatus("True")
                  .withReason(surplus < 0 ? "FailedCreate" : "FailedDelete")
                  .withMessage(failure.getMessage())
                  .withLastTransitionTime(now.truncatedTo(ChronoUnit.SECONDS).toString())
                  .build());
    }
    return conditions;
  }
}
