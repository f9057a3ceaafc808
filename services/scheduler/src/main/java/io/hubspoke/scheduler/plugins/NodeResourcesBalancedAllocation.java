package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.List;
import java.util.Optional;

/** Likes nodes whose CPU and memory would be used to the same degree. */
final class NodeResourcesBalancedAllocation implements ScorePlugin {
  @Override
  public int weight() {
    return 1;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    long cpu = pod.requests().getOrDefault("cpu", 0L);
    long memory = pod.requests().getOrDefault("memory", 0L);
    if (cpu == 0 && memory == 0) {
      return Optional.empty();
    }
    return Optional.of(
        node -> {
          var usedCpu = used(node, "cpu", cpu);
          var usedMemory = used(node, "memory", memory);
          // Of two values the standard deviation is half their distance.
          return (long) ((1 - Math.abs(usedCpu - usedMemory) / 2) * NodeScorer.MOST);
        });
  }

  private static double used(NodeInfo node, String resource, long more) {
    var allocatable = node.allocatable(resource);
    return allocatable == 0
        ? 0
        : Math.min(1, (double) (node.requested(resource) + more) / allocatable);
  }
}
