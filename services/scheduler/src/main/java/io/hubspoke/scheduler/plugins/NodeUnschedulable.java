package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.Taints;
import java.util.Optional;

/** Keeps pods off cordoned nodes, but for those that tolerate the taint that stands for it. */
final class NodeUnschedulable implements FilterPlugin {
  private static final Refusal REFUSAL = Refusal.lasting("node(s) were unschedulable");

  @Override
  public String name() {
    return "NodeUnschedulable";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    return Taints.tolerated(Taints.UNSCHEDULABLE, pod.tolerations())
        ? Optional.empty()
        : Optional.of(node -> node.unschedulable() ? REFUSAL : null);
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event == ClusterEvent.NODE_ADDED || event == ClusterEvent.NODE_TAINTS_CHANGED;
  }
}
