package io.hubspoke.scheduler;

import io.hubspoke.scheduler.Filters.Rejection;
import io.hubspoke.scheduler.Placement.Chosen;
import io.hubspoke.scheduler.Placement.Remedy;
import io.hubspoke.scheduler.Placement.Unschedulable;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.NodeScorer;
import io.hubspoke.scheduler.plugins.Profile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the best node for a pod, or says why there is none. It changes nothing. Of many nodes it
 * chooses among a part, each time from another place on (Kubernetes documentation, "Scheduler
 * Performance Tuning").
 */
final class SchedulingCycle {
  private static final String NODE_AFFINITY = "NodeAffinity";

  /** So few nodes are all looked at, and no fewer feasible ones are chosen among. */
  private static final int LEAST_NODES = 100;

  private static final int LEAST_PERCENT = 5;

  private final ClusterState cluster;
  private final Profile profile;
  private final Preemption preemption;
  private int from;

  SchedulingCycle(ClusterState cluster, Profile profile) {
    this.cluster = cluster;
    this.profile = profile;
    this.preemption = new Preemption(cluster);
  }

  Placement place(PodInfo pod) {
    var nodes = cluster.nodes();
    if (nodes.isEmpty()) {
      return new Unschedulable(
          "no nodes available to schedule pods", Set.of(), new Remedy.Nothing());
    }
    var names = pod.requiredAffinity().names();
    if (names != null && names.isEmpty()) {
      return unschedulable(
          new FitError(nodes.size()).message("pod affinity terms conflict"),
          Set.of(NODE_AFFINITY),
          preemption.unhelpful());
    }
    var candidates = names == null ? nodes : named(names);
    var filters = new Filters(pod, cluster, profile.filters());
    var nominated = nominated(pod, candidates);
    if (nominated != null && filters.rejection(nominated) == null) {
      return new Chosen(nominated.name());
    }
    var rejections = new LinkedHashMap<NodeInfo, Rejection>();
    var feasible = new ArrayList<NodeInfo>();
    int wanted = enough(candidates.size());
    int looked = 0;
    while (looked < candidates.size() && feasible.size() < wanted) {
      var node = candidates.get((from + looked++) % candidates.size());
      var rejection = filters.rejection(node);
      if (rejection == null) {
        feasible.add(node);
      } else {
        rejections.put(node, rejection);
      }
    }
    from = candidates.isEmpty() ? 0 : (from + looked) % candidates.size();
    if (feasible.isEmpty()) {
      return diagnose(pod, filters, rejections);
    }
    return new Chosen(feasible.size() == 1 ? feasible.getFirst().name() : best(pod, feasible));
  }

  /** Returns how many feasible nodes are enough to choose among. */
  static int enough(int nodes) {
    int percent = Math.max(LEAST_PERCENT, 50 - nodes / 125);
    return nodes < LEAST_NODES ? nodes : Math.max(LEAST_NODES, nodes * percent / 100);
  }

  private List<NodeInfo> named(Set<String> names) {
    return names.stream().map(cluster::node).filter(node -> node != null).toList();
  }

  /** Returns the node that others made room on for the pod, when it may still have it. */
  private NodeInfo nominated(PodInfo pod, List<NodeInfo> candidates) {
    var name = cluster.nominationOf(pod.uid());
    var node = name.isEmpty() ? null : cluster.node(name);
    return node != null && candidates.contains(node) ? node : null;
  }

  private Placement diagnose(PodInfo pod, Filters filters, Map<NodeInfo, Rejection> rejections) {
    var error = new FitError(cluster.nodes().size());
    var plugins = new TreeSet<String>();
    rejections
        .values()
        .forEach(
            rejection -> {
              error.add(rejection.refusal().reasons());
              plugins.add(rejection.plugin());
            });
    var elsewhere = cluster.nodes().size() - rejections.size();
    if (elsewhere > 0) {
      plugins.add(NODE_AFFINITY);
      error.add("node(s) didn't satisfy plugin(s) [" + NODE_AFFINITY + "]", elsewhere);
    }
    return unschedulable(error.message(), plugins, preemption.attempt(pod, filters, rejections));
  }

  private static Placement unschedulable(
      String message, Set<String> plugins, Preemption.Outcome outcome) {
    return new Unschedulable(
        outcome.message().isEmpty() ? message : message + " preemption: " + outcome.message(),
        plugins,
        outcome.remedy());
  }

  /** Adds up points; among the best, where the fewest alike, then the fewest pods run. */
  private String best(PodInfo pod, List<NodeInfo> feasible) {
    var totals = new long[feasible.size()];
    for (var plugin : profile.scores()) {
      plugin
          .scorer(pod, cluster, feasible)
          .ifPresent(scorer -> add(scorer, plugin.weight(), feasible, totals));
    }
    long most = Long.MIN_VALUE;
    var best = new ArrayList<NodeInfo>();
    for (int i = 0; i < totals.length; i++) {
      if (totals[i] > most) {
        most = totals[i];
        best.clear();
      }
      if (totals[i] == most) {
        best.add(feasible.get(i));
      }
    }
    return best.stream()
        .min(
            Comparator.<NodeInfo>comparingInt(node -> node.ofGroup(pod.group()))
                .thenComparingInt(NodeInfo::podCount)
                .thenComparing(NodeInfo::name))
        .orElseThrow()
        .name();
  }

  private static void add(NodeScorer scorer, int weight, List<NodeInfo> feasible, long[] totals) {
    var scores = new long[totals.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = scorer.score(feasible.get(i));
    }
    scorer.normalize(scores);
    for (int i = 0; i < scores.length; i++) {
      totals[i] += weight * scores[i];
    }
  }
}
