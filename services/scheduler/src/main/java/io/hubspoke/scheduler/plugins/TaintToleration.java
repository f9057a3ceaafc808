package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.Taints;
import java.util.List;
import java.util.Optional;

/** Keeps pods off nodes with taints that they don't tolerate ("Taints and Tolerations"). */
final class TaintToleration implements FilterPlugin, ScorePlugin {
  @Override
  public String name() {
    return "TaintToleration";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    return Optional.of(
        node -> {
          if (node.taints().isEmpty()) {
            return null;
          }
          var taint = Taints.untolerated(node.taints(), pod.tolerations());
          if (taint.isEmpty()) {
            return null;
          }
          var value = taint.get().getValue() == null ? "" : taint.get().getValue();
          return Refusal.lasting(
              "node(s) had untolerated taint {" + taint.get().getKey() + ": " + value + "}");
        });
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event == ClusterEvent.NODE_ADDED || event == ClusterEvent.NODE_TAINTS_CHANGED;
  }

  @Override
  public int weight() {
    return 3;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    return Optional.of(
        new NodeScorer() {
          @Override
          public long score(NodeInfo node) {
            return Taints.unwelcome(node.taints(), pod.tolerations());
          }

          @Override
          public void normalize(long[] scores) {
            NodeScorer.reverse(scores);
          }
        });
  }
}
