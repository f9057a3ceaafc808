package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Keeps pods within what nodes have, and likes nodes best that have the most left. */
final class NodeResourcesFit implements FilterPlugin, ScorePlugin {
  @Override
  public String name() {
    return "NodeResourcesFit";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    return Optional.of(node -> refusal(pod, node));
  }

  /** Names all that is missing; what a node never had, no other pod's end can give. */
  private static Refusal refusal(PodInfo pod, NodeInfo node) {
    List<String> missing = null;
    var curable = true;
    if (node.podCount() + 1 > node.podLimit()) {
      missing = add(missing, "Too many pods");
    }
    for (var request : pod.requests().entrySet()) {
      var resource = request.getKey();
      var amount = request.getValue();
      if (amount > 0) {
        var allocatable = node.allocatable(resource);
        if (amount > allocatable - node.requested(resource)) {
          missing = add(missing, "Insufficient " + resource);
          curable &= amount <= allocatable;
        }
      }
    }
    return missing == null ? null : new Refusal(missing, curable);
  }

  private static List<String> add(List<String> reasons, String reason) {
    var all = reasons == null ? new ArrayList<String>(2) : reasons;
    all.add(reason);
    return all;
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event == ClusterEvent.NODE_ADDED
        || event == ClusterEvent.NODE_ALLOCATABLE_CHANGED
        || event == ClusterEvent.POD_DELETED;
  }

  @Override
  public int weight() {
    return 1;
  }

  /** Scores by the "LeastAllocated" strategy, over CPU and memory. */
  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    return Optional.of(
        node -> {
          var cpu = node.allocatable("cpu");
          var memory = node.allocatable("memory");
          var known = (cpu == 0 ? 0 : 1) + (memory == 0 ? 0 : 1);
          return known == 0
              ? 0
              : (left(cpu, node.usualCpu() + pod.usual().cpu())
                      + left(memory, node.usualMemory() + pod.usual().memory()))
                  / known;
        });
  }

  private static long left(long allocatable, long used) {
    return allocatable == 0 || used > allocatable
        ? 0
        : (long) ((double) (allocatable - used) * NodeScorer.MOST / allocatable);
  }
}
