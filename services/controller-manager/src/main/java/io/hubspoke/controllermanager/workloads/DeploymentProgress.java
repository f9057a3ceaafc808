package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Works out a deployment's status from its replica sets ("Deployment status"). */
final class DeploymentProgress {
  static final String PROGRESSING = "Progressing";
  static final String NEW_AVAILABLE = "NewReplicaSetAvailable";
  static final String TIMED_OUT = "ProgressDeadlineExceeded";
  static final String PAUSED = "DeploymentPaused";
  private static final String AVAILABLE = "Available";
  private static final String REPLICA_FAILURE = "ReplicaFailure";

  private final Deployment deployment;
  private final DeploymentStatus old;
  private final ReplicaSet newest;
  private final List<ReplicaSet> all;
  private final Instant now;

  /**
   * Looks at a deployment.
   *
   * @param newest the set of its present template; null when there is none
   * @param others its other sets
   */
  DeploymentProgress(
      Deployment deployment, ReplicaSet newest, List<ReplicaSet> others, Instant now) {
    this.deployment = deployment;
    this.old = status(deployment);
    this.newest = newest;
    this.all = newest == null ? others : Stream.concat(Stream.of(newest), others.stream()).toList();
    this.now = now;
  }

  static DeploymentStatus status(Deployment deployment) {
    return deployment.getStatus() == null ? new DeploymentStatus() : deployment.getStatus();
  }

  /** Returns the status while nothing is rolled out: numbers and availability. */
  DeploymentStatus counted() {
    int available = count(ReplicaSetStatus::getAvailableReplicas, all);
    int size = all.stream().mapToInt(RolloutPlan::size).sum();
    var status = new DeploymentStatus();
    status.setObservedGeneration(deployment.getMetadata().getGeneration());
    status.setReplicas(orAbsent(count(ReplicaSetStatus::getReplicas, all)));
    status.setUpdatedReplicas(
        orAbsent(newest == null ? 0 : count(ReplicaSetStatus::getReplicas, List.of(newest))));
    status.setReadyReplicas(orAbsent(count(ReplicaSetStatus::getReadyReplicas, all)));
    status.setAvailableReplicas(orAbsent(available));
    status.setUnavailableReplicas(orAbsent(Math.max(0, size - available)));
    status.setCollisionCount(old.getCollisionCount());
    status.setConditions(new ArrayList<>(old.getConditions()));
    int least = DeploymentRules.replicas(deployment) - DeploymentRules.maxUnavailable(deployment);
    set(
        status,
        available >= least
            ? condition(
                AVAILABLE,
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
                now)
            : condition(
                AVAILABLE,
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
                now));
    return status;
  }

  /** Returns the status in the midst of a rollout or after it. */
  DeploymentStatus rolling() {
    var status = counted();
    var current = find(old, PROGRESSING);
    if (DeploymentRules.progressDeadline(deployment).isEmpty()) {
      remove(status, PROGRESSING);
    } else if (!isOver(status, current)) {
      progress(status, current);
    }
    remove(status, REPLICA_FAILURE);
    failure().ifPresent(failure -> set(status, failure));
    return status;
  }

  private static boolean isOver(DeploymentStatus status, DeploymentCondition current) {
    return number(status.getReplicas()) == number(status.getUpdatedReplicas())
        && current != null
        && NEW_AVAILABLE.equals(current.getReason());
  }

  private void progress(DeploymentStatus status, DeploymentCondition current) {
    var what =
        newest == null
            ? "Deployment \"" + deployment.getMetadata().getName() + "\""
            : "ReplicaSet \"" + newest.getMetadata().getName() + "\"";
    if (isComplete(deployment, status)) {
      var message = what + " has successfully progressed.";
      set(status, condition(PROGRESSING, "True", NEW_AVAILABLE, message, now));
    } else if (hasProgressed(status)) {
      var next =
          condition(PROGRESSING, "True", "ReplicaSetUpdated", what + " is progressing.", now);
      if (current != null && "True".equals(current.getStatus())) {
        next.setLastTransitionTime(current.getLastTransitionTime());
      }
      // Also when it said so before: the time of this progress is what the deadline counts from.
      remove(status, PROGRESSING);
      set(status, next);
    } else if (hasTimedOut(status)) {
      var message = what + " has timed out progressing.";
      set(status, condition(PROGRESSING, "False", TIMED_OUT, message, now));
    }
  }

  static boolean isComplete(Deployment deployment, DeploymentStatus status) {
    int replicas = DeploymentRules.replicas(deployment);
    return number(status.getUpdatedReplicas()) == replicas
        && number(status.getReplicas()) == replicas
        && number(status.getAvailableReplicas()) == replicas
        && status.getObservedGeneration() != null
        && status.getObservedGeneration() >= deployment.getMetadata().getGeneration();
  }

  private boolean hasProgressed(DeploymentStatus status) {
    return number(status.getUpdatedReplicas()) > number(old.getUpdatedReplicas())
        || outdated(status) < outdated(old)
        || number(status.getReadyReplicas()) > number(old.getReadyReplicas())
        || number(status.getAvailableReplicas()) > number(old.getAvailableReplicas());
  }

  private static int outdated(DeploymentStatus status) {
    return number(status.getReplicas()) - number(status.getUpdatedReplicas());
  }

  private boolean hasTimedOut(DeploymentStatus status) {
    var condition = find(status, PROGRESSING);
    if (condition == null || NEW_AVAILABLE.equals(condition.getReason())) {
      return false;
    }
    return TIMED_OUT.equals(condition.getReason()) || left(condition).isZero();
  }

  /** Returns when to look whether the deadline has passed; zero for not at all. */
  Duration untilDeadline(DeploymentStatus status) {
    var condition = find(status, PROGRESSING);
    if (DeploymentRules.progressDeadline(deployment).isEmpty()
        || DeploymentRules.isPaused(deployment)
        || condition == null
        || isComplete(deployment, status)
        || TIMED_OUT.equals(condition.getReason())
        || NEW_AVAILABLE.equals(condition.getReason())) {
      return Duration.ZERO;
    }
    // Times are in whole seconds: one more, so as not to look too early.
    return left(condition).plusSeconds(1);
  }

  private Duration left(DeploymentCondition progressing) {
    var since = PodState.time(progressing.getLastUpdateTime());
    var deadline = DeploymentRules.progressDeadline(deployment).orElseThrow();
    var left = since == null ? Duration.ZERO : Duration.between(now, since.plus(deadline));
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Returns what keeps a set from creating pods, the newest one first. */
  private java.util.Optional<DeploymentCondition> failure() {
    return all.stream()
        .filter(set -> set.getStatus() != null)
        .flatMap(set -> set.getStatus().getConditions().stream())
        .filter(condition -> REPLICA_FAILURE.equals(condition.getType()))
        .findFirst()
        .map(
            condition ->
                new DeploymentCondition(
                    condition.getLastTransitionTime(),
                    condition.getLastTransitionTime(),
                    condition.getMessage(),
                    condition.getReason(),
                    condition.getStatus(),
                    REPLICA_FAILURE));
  }

  static DeploymentCondition condition(
      String type, String status, String reason, String message, Instant now) {
    var time = now.truncatedTo(ChronoUnit.SECONDS).toString();
    return new DeploymentCondition(time, time, message, reason, status, type);
  }

  /** Returns the condition of a type, or null. */
  static DeploymentCondition find(DeploymentStatus status, String type) {
    return status.getConditions().stream()
        .filter(condition -> type.equals(condition.getType()))
        .findFirst()
        .orElse(null);
  }

  /** Sets a condition; one that says the same for the same reason stays as it is. */
  static void set(DeploymentStatus status, DeploymentCondition next) {
    var current = find(status, next.getType());
    if (current != null && current.getStatus().equals(next.getStatus())) {
      if (next.getReason().equals(current.getReason())) {
        return;
      }
      next.setLastTransitionTime(current.getLastTransitionTime());
    }
    remove(status, next.getType());
    status.getConditions().add(next);
  }

  private static void remove(DeploymentStatus status, String type) {
    status.getConditions().removeIf(condition -> type.equals(condition.getType()));
  }

  private static int count(Function<ReplicaSetStatus, Integer> field, List<ReplicaSet> sets) {
    return sets.stream()
        .filter(set -> set.getStatus() != null)
        .mapToInt(set -> number(field.apply(set.getStatus())))
        .sum();
  }

  private static int number(Integer value) {
    return ReplicaKind.number(value, 0);
  }

  private static Integer orAbsent(int count) {
    return count == 0 ? null : count;
  }
}
