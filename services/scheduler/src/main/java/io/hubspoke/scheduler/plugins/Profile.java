package io.hubspoke.scheduler.plugins;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The plugins of the default profile, in its order; the first that refuses a node is heard. */
public final class Profile {
  private final List<FilterPlugin> filters;
  private final List<ScorePlugin> scores;

  /** Makes the default profile. */
  public Profile() {
    var taints = new TaintToleration();
    var affinity = new NodeAffinity();
    var resources = new NodeResourcesFit();
    var spread = new PodTopologySpread();
    var pods = new InterPodAffinity();
    filters =
        List.of(
            new NodeUnschedulable(), taints, affinity, new NodePorts(), resources, spread, pods);
    scores =
        List.of(
            taints,
            affinity,
            resources,
            spread,
            pods,
            new NodeResourcesBalancedAllocation(),
            new ImageLocality());
  }

  public List<FilterPlugin> filters() {
    return filters;
  }

  public List<ScorePlugin> scores() {
    return scores;
  }

  /** Returns the names of the plugins that may no longer refuse nodes after such a change. */
  public Set<String> curedBy(ClusterEvent event) {
    return filters.stream()
        .filter(plugin -> plugin.mayBeCuredBy(event))
        .map(FilterPlugin::name)
        .collect(Collectors.toSet());
  }
}
