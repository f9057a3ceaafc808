package io.hubspoke.scheduler;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.FilterPlugin;
import io.hubspoke.scheduler.plugins.NodeFilter;
import io.hubspoke.scheduler.plugins.Refusal;
import java.util.ArrayList;
import java.util.List;

/** What all rules together say of nodes for one pod. */
final class Filters {
  /** A refusal, and the rule it came from. */
  record Rejection(String plugin, Refusal refusal) {}

  private record Active(String plugin, NodeFilter filter) {}

  private final PodInfo pod;
  private final ClusterState cluster;
  private final List<Active> active = new ArrayList<>();

  Filters(PodInfo pod, ClusterState cluster, List<FilterPlugin> plugins) {
    this.pod = pod;
    this.cluster = cluster;
    for (var plugin : plugins) {
      plugin
          .filter(pod, cluster)
          .ifPresent(filter -> active.add(new Active(plugin.name(), filter)));
    }
  }

  /**
   * Returns why a node is not for the pod, or null. Pods that room is made for there, and that are
   * as important, count as if they ran, since they will; and as if not, since they may not.
   */
  Rejection rejection(NodeInfo node) {
    var expected = expected(node);
    if (!expected.isEmpty()) {
      expected.forEach(other -> suppose(other, node));
      var rejection = first(node);
      expected.forEach(other -> supposeGone(other, node));
      if (rejection != null) {
        return rejection;
      }
    }
    return first(node);
  }

  private List<PodInfo> expected(NodeInfo node) {
    var nominated = cluster.nominatedOn(node.name());
    return nominated.isEmpty()
        ? List.of()
        : nominated.stream()
            .filter(other -> other.priority() >= pod.priority() && !other.uid().equals(pod.uid()))
            .toList();
  }

  private Rejection first(NodeInfo node) {
    for (var rule : active) {
      var refusal = rule.filter.refusal(node);
      if (refusal != null) {
        return new Rejection(rule.plugin, refusal);
      }
    }
    return null;
  }

  /** Supposes that another pod runs on a node. */
  void suppose(PodInfo other, NodeInfo node) {
    node.add(other);
    active.forEach(rule -> rule.filter.added(other, node));
  }

  /** Supposes that another pod runs on a node no more. */
  void supposeGone(PodInfo other, NodeInfo node) {
    node.remove(other.uid());
    active.forEach(rule -> rule.filter.removed(other, node));
  }
}
