package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.Kind;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.SpreadConstraint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Likes places with few pods alike, for constraints that a pod would rather see kept. Places of a
 * kind that there are many of weigh more, as the real plugin has it.
 */
final class SpreadScorer implements NodeScorer {
  private static final String HOSTNAME = "kubernetes.io/hostname";
  private static final String ZONE = "topology.kubernetes.io/zone";
  private static final int IGNORED = -1;

  /**
   * A constraint as far as points are concerned.
   *
   * @param counts how many pods alike run on a node
   * @param includes whether a node's pods count
   */
  record Rule(
      String topologyKey,
      int maxSkew,
      ToIntFunction<NodeInfo> counts,
      Predicate<NodeInfo> includes) {

    static Rule of(SpreadConstraint constraint, PodInfo pod) {
      var counted = new HashMap<Kind, Boolean>();
      return new Rule(
          constraint.topologyKey(),
          constraint.maxSkew(),
          node -> {
            int sum = 0;
            for (var entry : node.kinds().entrySet()) {
              var kind = entry.getKey();
              if (!kind.terminating()
                  && kind.namespace().equals(pod.namespace())
                  && counted.computeIfAbsent(kind, k -> constraint.counts(k.labels()))) {
                sum += entry.getValue();
              }
            }
            return sum;
          },
          node -> constraint.includes(node, pod));
    }
  }

  /** Returns the rules for pods without constraints: over nodes, and more loosely over zones. */
  static List<Rule> defaults(PodInfo pod) {
    ToIntFunction<NodeInfo> counts = node -> node.ofGroup(pod.group());
    Predicate<NodeInfo> wanted = node -> pod.requiredAffinity().matches(node.node());
    return List.of(new Rule(HOSTNAME, 3, counts, wanted), new Rule(ZONE, 5, counts, wanted));
  }

  private record Weighted(Rule rule, Map<String, Integer> counts, double weight) {}

  private final List<Weighted> rules = new ArrayList<>();
  private final boolean allPlaces;

  /**
   * Counts once for all nodes.
   *
   * @param allPlaces whether nodes that lack one of the labels get no points at all
   */
  SpreadScorer(List<Rule> rules, ClusterState cluster, List<NodeInfo> feasible, boolean allPlaces) {
    this.allPlaces = allPlaces;
    var scored = feasible.stream().filter(node -> !allPlaces || hasAll(node, rules)).toList();
    for (var rule : rules) {
      Map<String, Integer> counts = new HashMap<>();
      // Nodes are many: what runs on one is looked up when it is scored.
      if (!rule.topologyKey.equals(HOSTNAME)) {
        for (var node : scored) {
          var place = node.labels().get(rule.topologyKey);
          if (place != null) {
            counts.put(place, 0);
          }
        }
        if (!counts.isEmpty()) {
          for (var node : cluster.nodes()) {
            if ((!allPlaces || hasAll(node, rules)) && rule.includes.test(node)) {
              var place = node.labels().get(rule.topologyKey);
              if (place != null && counts.containsKey(place)) {
                counts.merge(place, rule.counts.applyAsInt(node), Integer::sum);
              }
            }
          }
        }
      }
      var places = rule.topologyKey.equals(HOSTNAME) ? scored.size() : counts.size();
      this.rules.add(new Weighted(rule, counts, Math.log(places + 2)));
    }
  }

  private static boolean hasAll(NodeInfo node, List<Rule> rules) {
    return rules.stream().allMatch(rule -> node.labels().containsKey(rule.topologyKey));
  }

  @Override
  public long score(NodeInfo node) {
    double score = 0;
    for (var weighted : rules) {
      var rule = weighted.rule;
      var place = node.labels().get(rule.topologyKey);
      if (place == null) {
        if (allPlaces) {
          return IGNORED;
        }
        continue;
      }
      var count =
          rule.topologyKey.equals(HOSTNAME)
              ? rule.counts.applyAsInt(node)
              : weighted.counts.getOrDefault(place, 0);
      score += count * weighted.weight + (rule.maxSkew - 1);
    }
    return Math.round(score);
  }

  @Override
  public void normalize(long[] scores) {
    long least = Long.MAX_VALUE;
    long most = 0;
    for (var score : scores) {
      if (score != IGNORED) {
        least = Math.min(least, score);
        most = Math.max(most, score);
      }
    }
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] == IGNORED) {
        scores[i] = 0;
      } else {
        scores[i] = most == 0 ? MOST : MOST * (most + least - scores[i]) / most;
      }
    }
  }
}
