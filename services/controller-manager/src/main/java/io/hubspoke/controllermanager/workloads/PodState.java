package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/** What the controllers see in a pod. */
public final class PodState {
  private PodState() {}

  /** Returns the phase; empty before there is one. */
  public static String phase(Pod pod) {
    return pod.getStatus() == null || pod.getStatus().getPhase() == null
        ? ""
        : pod.getStatus().getPhase();
  }

  public static boolean isDeleting(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  public static boolean isSucceeded(Pod pod) {
    return phase(pod).equals("Succeeded");
  }

  public static boolean isFailed(Pod pod) {
    return phase(pod).equals("Failed");
  }

  /** Returns whether it is neither over nor on its way out. */
  public static boolean isActive(Pod pod) {
    return !isSucceeded(pod) && !isFailed(pod) && !isDeleting(pod);
  }

  public static boolean isReady(Pod pod) {
    var ready = condition(pod, "Ready");
    return ready != null && "True".equals(ready.getStatus());
  }

  /** Returns since when the pod is ready or not; null when it does not say. */
  public static Instant readySince(Pod pod) {
    var ready = condition(pod, "Ready");
    return ready == null ? null : time(ready.getLastTransitionTime());
  }

  /** Returns whether it has been ready for so long. */
  public static boolean isAvailable(Pod pod, int minReadySeconds, Instant now) {
    return isReady(pod) && untilAvailable(pod, minReadySeconds, now).isZero();
  }

  /** Returns how long a ready pod must stay so to count as available. */
  public static Duration untilAvailable(Pod pod, int minReadySeconds, Instant now) {
    var since = readySince(pod);
    if (minReadySeconds == 0 || since == null) {
      return Duration.ZERO;
    }
    var left = Duration.between(now, since.plusSeconds(minReadySeconds));
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Reads a time; null when there is none, or what a node wrote is none. */
  static Instant time(String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** Returns the condition of a type, or null. */
  public static PodCondition condition(Pod pod, String type) {
    if (pod.getStatus() != null) {
      for (var condition : pod.getStatus().getConditions()) {
        if (type.equals(condition.getType())) {
          return condition;
        }
      }
    }
    return null;
  }
}
