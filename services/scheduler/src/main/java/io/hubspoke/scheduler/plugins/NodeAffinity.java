package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.RequiredNodeAffinity;
import java.util.List;
import java.util.Optional;

/** Keeps to a pod's node selector and node affinity ("Assigning Pods to Nodes"). */
final class NodeAffinity implements FilterPlugin, ScorePlugin {
  static final String NAME = "NodeAffinity";

  /** What is said of a pod whose terms name no node that could meet them all. */
  static final String CONFLICT = "pod affinity terms conflict";

  private static final Refusal REFUSAL =
      Refusal.lasting("node(s) didn't match Pod's node affinity/selector");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    var required = pod.requiredAffinity();
    return required.isEmpty()
        ? Optional.empty()
        : Optional.of(node -> required.matches(node.node()) ? null : REFUSAL);
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event == ClusterEvent.NODE_ADDED || event == ClusterEvent.NODE_LABELS_CHANGED;
  }

  @Override
  public int weight() {
    return 2;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    return pod.preferredNodes().isEmpty() ? Optional.empty() : Optional.of(new Preferred(pod));
  }

  private record Preferred(PodInfo pod) implements NodeScorer {
    @Override
    public long score(NodeInfo node) {
      long sum = 0;
      for (var preferred : pod.preferredNodes()) {
        if (preferred.getWeight() != null
            && preferred.getPreference() != null
            && RequiredNodeAffinity.matches(preferred.getPreference(), node.node())) {
          sum += preferred.getWeight();
        }
      }
      return sum;
    }

    @Override
    public void normalize(long[] scores) {
      NodeScorer.stretch(scores);
    }
  }
}
