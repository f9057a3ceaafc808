package io.hubspoke.controllermanager.statefulsets;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.controllermanager.workloads.PodState;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is to be done next for a stateful set: pods come from the lowest ordinal up and go from the
 * highest down, and unless the set is parallel each waits until all before it are available.
 *
 * @param create ordinals
 */
record StatefulPlan(List<Integer> create, List<Pod> delete) {

  /**
   * Plans.
   *
   * @param pods the set's own, by name and by reference
   * @param updateRevision what pods of the present template have as their label
   */
  static StatefulPlan of(StatefulSpec set, List<Pod> pods, String updateRevision, Instant now) {
    var byOrdinal = new TreeMap<Integer, Pod>();
    pods.forEach(pod -> set.ordinal(pod).ifPresent(ordinal -> byOrdinal.put(ordinal, pod)));
    var plan = new StatefulPlan(new ArrayList<>(), new ArrayList<>());
    var settled = plan.fill(set, byOrdinal, now) && plan.shrink(set, byOrdinal, now);
    if (settled && plan.isEmpty() && set.rolls()) {
      plan.update(set, byOrdinal, updateRevision, now);
    }
    return plan;
  }

  boolean isEmpty() {
    return create.isEmpty() && delete.isEmpty();
  }

  private static boolean isWanted(StatefulSpec set, int ordinal) {
    return ordinal >= set.start() && ordinal < set.start() + set.replicas();
  }

  static boolean isHealthy(StatefulSpec set, Pod pod, Instant now) {
    return !PodState.isDeleting(pod)
        && PodState.phase(pod).equals("Running")
        && PodState.isAvailable(pod, set.minReadySeconds(), now);
  }

  /** Sees to those that are missing or over; returns whether the rest may be looked at. */
  private boolean fill(StatefulSpec set, TreeMap<Integer, Pod> byOrdinal, Instant now) {
    for (var ordinal = set.start(); ordinal < set.start() + set.replicas(); ordinal++) {
      var pod = byOrdinal.get(ordinal);
      if (pod == null) {
        create.add(ordinal);
      } else if (!PodState.isDeleting(pod)
          && (PodState.isFailed(pod) || PodState.isSucceeded(pod))) {
        delete.add(pod);
      } else if (isHealthy(set, pod, now)) {
        continue;
      }
      if (set.isOrdered()) {
        return false;
      }
    }
    return true;
  }

  /** Takes away those that are too many; returns whether the rest may be looked at. */
  private boolean shrink(StatefulSpec set, TreeMap<Integer, Pod> byOrdinal, Instant now) {
    var excess =
        byOrdinal.descendingMap().entrySet().stream()
            .filter(entry -> !isWanted(set, entry.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    // The unhealthy one of the lowest ordinal may go; others wait until it has.
    var firstUnhealthy =
        excess.stream()
            .filter(pod -> !isHealthy(set, pod, now))
            .min(Comparator.comparingInt(pod -> set.ordinal(pod).orElse(0)))
            .orElse(null);
    for (var pod : excess) {
      if (set.isOrdered()
          && (PodState.isDeleting(pod)
              || (!isHealthy(set, pod, now) && !pod.equals(firstUnhealthy)))) {
        return false;
      }
      if (!PodState.isDeleting(pod)) {
        delete.add(pod);
        if (set.isOrdered()) {
          return false;
        }
      }
    }
    return true;
  }

  /** Replaces one that is of an older template, when all above it are of the new one and well. */
  private void update(
      StatefulSpec set, TreeMap<Integer, Pod> byOrdinal, String updateRevision, Instant now) {
    for (var ordinal = set.start() + set.replicas() - 1; ordinal >= set.updatedFrom(); ordinal--) {
      var pod = byOrdinal.get(ordinal);
      if (pod == null) {
        return;
      }
      if (!revision(pod).equals(updateRevision) && !PodState.isDeleting(pod)) {
        delete.add(pod);
        return;
      }
      if (!isHealthy(set, pod, now)) {
        return;
      }
    }
  }

  /** Returns of which revision a pod is; empty when it does not say. */
  static String revision(Pod pod) {
    var labels = pod.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(TemplateRevisions.HASH, "");
  }
}
