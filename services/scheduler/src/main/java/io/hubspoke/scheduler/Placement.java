package io.hubspoke.scheduler;

import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.List;
import java.util.Set;

/** Where a pod goes, or why it goes nowhere. */
sealed interface Placement {
  record Chosen(String node) implements Placement {}

  /**
   * No node will do for now.
   *
   * @param message why, worded as Kubernetes words it
   * @param plugins those that refused nodes; what cures none of them needs no new attempt
   */
  record Unschedulable(String message, Set<String> plugins, Remedy remedy) implements Placement {}

  /** What may be done for a pod that found no node. */
  sealed interface Remedy {
    /** Removing other pods would not help, so no room is made for the pod any more. */
    record Nothing() implements Remedy {}

    /** Whatever is under way for the pod goes on. */
    record Wait() implements Remedy {}

    /** Pods of lower priority end so that there is room on a node. */
    record Preempt(String node, List<PodInfo> victims) implements Remedy {}
  }
}
