package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.Optional;

/** A rule that keeps pods off nodes. */
public interface FilterPlugin {
  /** Returns the real plugin's name. */
  String name();

  /** Looks at a pod once, before all nodes; empty when the rule has nothing to say about it. */
  Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster);

  /** Tells whether a pod that the rule kept off all nodes may find one after such a change. */
  boolean mayBeCuredBy(ClusterEvent event);
}
