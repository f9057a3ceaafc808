package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.List;
import java.util.Optional;

/** A reason to like one node better than another. */
public interface ScorePlugin {
  /** Returns what its points are multiplied by, as the default profile has it. */
  int weight();

  /** Looks at a pod once, before the nodes that may have it; empty when all are alike. */
  Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible);
}
