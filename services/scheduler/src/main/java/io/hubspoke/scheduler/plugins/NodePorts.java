package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.Optional;

/** Gives a port of a node to one pod at a time. */
final class NodePorts implements FilterPlugin {
  private static final Refusal REFUSAL =
      Refusal.curable("node(s) didn't have free ports for the requested pod ports");

  @Override
  public String name() {
    return "NodePorts";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    return pod.ports().isEmpty()
        ? Optional.empty()
        : Optional.of(node -> node.hasFree(pod.ports()) ? null : REFUSAL);
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event == ClusterEvent.NODE_ADDED || event == ClusterEvent.POD_DELETED;
  }
}
