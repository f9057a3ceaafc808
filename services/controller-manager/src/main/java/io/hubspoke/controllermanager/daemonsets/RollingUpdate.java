package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.controllermanager.workloads.PodState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Replaces pods of an earlier template, as many at a time as the set allows ("Perform a Rolling
 * Update on a DaemonSet").
 */
final class RollingUpdate {
  private final DaemonSpec set;
  private final String hash;
  private final Instant now;

  RollingUpdate(DaemonSpec set, String hash, Instant now) {
    this.set = set;
    this.hash = hash;
    this.now = now;
  }

  /** The pods on a node that are to stay: at most one of each template. */
  private record Pair(Pod fresh, Pod old) {}

  /**
   * Says which pods make room, and which nodes get a second pod.
   *
   * @param pods of every node that has or is to have one
   * @param wanted how many nodes are to have one
   */
  Plan plan(Map<String, List<Pod>> pods, int wanted) {
    return set.maxSurge(wanted) == 0 ? inPlace(pods, wanted) : surging(pods, wanted);
  }

  private Plan inPlace(Map<String, List<Pod>> pods, int wanted) {
    var delete = new ArrayList<Pod>();
    var candidates = new ArrayList<Pod>();
    var unavailable = 0;
    for (var onNode : pods.values()) {
      var pair = pair(onNode);
      if (pair == null || (pair.fresh == null) == (pair.old == null)) {
        // Others bring this node in order first.
        unavailable++;
      } else if (pair.fresh != null) {
        unavailable += isAvailable(pair.fresh) ? 0 : 1;
      } else if (isAvailable(pair.old)) {
        candidates.add(pair.old);
      } else {
        // Replacing what serves nobody costs nothing.
        delete.add(pair.old);
        unavailable++;
      }
    }
    var room = Math.max(0, set.maxUnavailable(wanted) - unavailable);
    delete.addAll(candidates.subList(0, Math.min(room, candidates.size())));
    return new Plan(delete, List.of());
  }

  private Plan surging(Map<String, List<Pod>> pods, int wanted) {
    var delete = new ArrayList<Pod>();
    var create = new ArrayList<String>();
    var candidates = new ArrayList<String>();
    var surge = 0;
    for (var entry : pods.entrySet()) {
      var pair = pair(entry.getValue());
      if (pair == null) {
        surge++;
      } else if (pair.old != null && pair.fresh == null) {
        (isAvailable(pair.old) ? candidates : create).add(entry.getKey());
      } else if (pair.old != null && isAvailable(pair.fresh)) {
        delete.add(pair.old);
      } else if (pair.old != null) {
        surge++;
      }
    }
    var room = Math.max(0, set.maxSurge(wanted) - surge);
    create.addAll(candidates.subList(0, Math.min(room, candidates.size())));
    return new Plan(delete, create);
  }

  private boolean isAvailable(Pod pod) {
    return PodState.isAvailable(pod, set.minReadySeconds(), now);
  }

  /** Returns null when the node has more than one of a template. */
  private Pair pair(List<Pod> pods) {
    Pod fresh = null;
    Pod old = null;
    for (var pod : pods) {
      if (PodState.isDeleting(pod)) {
        continue;
      }
      if (DaemonPods.isUpdated(pod, set, hash)) {
        if (fresh != null) {
          return null;
        }
        fresh = pod;
      } else {
        if (old != null) {
          return null;
        }
        old = pod;
      }
    }
    return new Pair(fresh, old);
  }
}
