package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.Kind;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.SpreadConstraint;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Spreads pods evenly over places ("Pod Topology Spread Constraints"). */
final class PodTopologySpread implements FilterPlugin, ScorePlugin {
  private static final Refusal UNEVEN =
      Refusal.curable("node(s) didn't match pod topology spread constraints");
  private static final Refusal NO_PLACE =
      Refusal.lasting(
          "node(s) didn't match pod topology spread constraints (missing required label)");

  @Override
  public String name() {
    return "PodTopologySpread";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    var required = pod.spread().stream().filter(SpreadConstraint::required).toList();
    return required.isEmpty() ? Optional.empty() : Optional.of(new Filter(pod, cluster, required));
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return event != ClusterEvent.NODE_ALLOCATABLE_CHANGED
        && event != ClusterEvent.NAMESPACE_CHANGED;
  }

  @Override
  public int weight() {
    return 2;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    if (pod.spread().isEmpty()) {
      return Optional.of(new SpreadScorer(SpreadScorer.defaults(pod), cluster, feasible, false));
    }
    var wishes =
        pod.spread().stream()
            .filter(constraint -> !constraint.required())
            .map(constraint -> SpreadScorer.Rule.of(constraint, pod))
            .toList();
    return wishes.isEmpty()
        ? Optional.empty()
        : Optional.of(new SpreadScorer(wishes, cluster, feasible, true));
  }

  static boolean hasAllPlaces(NodeInfo node, List<SpreadConstraint> constraints) {
    for (var constraint : constraints) {
      if (!node.labels().containsKey(constraint.topologyKey())) {
        return false;
      }
    }
    return true;
  }

  /** What runs at each place that counts for one constraint. */
  private static final class Places {
    private final SpreadConstraint constraint;
    private final Map<String, Integer> counts = new HashMap<>();
    private final Map<Kind, Boolean> counted = new HashMap<>();
    private final String namespace;
    private final int self;
    private int least = -1;

    Places(SpreadConstraint constraint, PodInfo pod) {
      this.constraint = constraint;
      this.namespace = pod.namespace();
      this.self = constraint.counts(pod.kind().labels()) ? 1 : 0;
    }

    void add(NodeInfo node) {
      int sum = 0;
      for (var entry : node.kinds().entrySet()) {
        if (counted.computeIfAbsent(entry.getKey(), this::counts)) {
          sum += entry.getValue();
        }
      }
      counts.merge(node.labels().get(constraint.topologyKey()), sum, Integer::sum);
    }

    boolean counts(Kind kind) {
      return !kind.terminating()
          && kind.namespace().equals(namespace)
          && constraint.counts(kind.labels());
    }

    void change(NodeInfo node, int by) {
      counts.merge(node.labels().get(constraint.topologyKey()), by, Integer::sum);
      least = -1;
    }

    boolean allows(NodeInfo node) {
      var here = counts.getOrDefault(node.labels().get(constraint.topologyKey()), 0);
      return here + self - least() <= constraint.maxSkew();
    }

    /** Returns how many are at the emptiest place; none, as long as there are too few places. */
    private int least() {
      if (least < 0) {
        least =
            counts.size() < constraint.minDomains()
                ? 0
                : counts.values().stream().mapToInt(count -> count).min().orElse(0);
      }
      return least;
    }
  }

  private static final class Filter implements NodeFilter {
    private final PodInfo pod;
    private final List<SpreadConstraint> constraints;
    private final List<Places> all;

    Filter(PodInfo pod, ClusterState cluster, List<SpreadConstraint> constraints) {
      this.pod = pod;
      this.constraints = constraints;
      this.all = constraints.stream().map(constraint -> new Places(constraint, pod)).toList();
      for (var node : cluster.nodes()) {
        if (hasAllPlaces(node, constraints)) {
          for (var places : all) {
            if (places.constraint.includes(node, pod)) {
              places.add(node);
            }
          }
        }
      }
    }

    @Override
    public Refusal refusal(NodeInfo node) {
      for (var places : all) {
        if (!node.labels().containsKey(places.constraint.topologyKey())) {
          return NO_PLACE;
        }
        if (!places.allows(node)) {
          return UNEVEN;
        }
      }
      return null;
    }

    @Override
    public void added(PodInfo other, NodeInfo node) {
      suppose(other, node, 1);
    }

    @Override
    public void removed(PodInfo other, NodeInfo node) {
      suppose(other, node, -1);
    }

    private void suppose(PodInfo other, NodeInfo node, int by) {
      if (hasAllPlaces(node, constraints)) {
        for (var places : all) {
          if (places.counts(other.kind()) && places.constraint.includes(node, pod)) {
            places.change(node, by);
          }
        }
      }
    }
  }
}
