package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.AffinityTerm;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.Kind;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps pods near others and far from others ("Inter-pod affinity and anti-affinity"). The
 * anti-affinity of the pods that run already holds as well.
 */
final class InterPodAffinity implements FilterPlugin, ScorePlugin {
  private static final Refusal NOT_NEAR =
      Refusal.lasting("node(s) didn't match pod affinity rules");
  private static final Refusal NOT_FAR =
      Refusal.curable("node(s) didn't match pod anti-affinity rules");
  private static final Refusal UNWANTED =
      Refusal.curable("node(s) didn't satisfy existing pods anti-affinity rules");

  /** What it is worth to be where a pod requires such pods to be near. */
  private static final int REQUIRED_BY_OTHERS = 1;

  @Override
  public String name() {
    return "InterPodAffinity";
  }

  @Override
  public Optional<NodeFilter> filter(PodInfo pod, ClusterState cluster) {
    var filter = new Filter(pod, cluster);
    return filter.saysNothing() ? Optional.empty() : Optional.of(filter);
  }

  @Override
  public boolean mayBeCuredBy(ClusterEvent event) {
    return switch (event) {
      case NODE_ADDED,
          NODE_LABELS_CHANGED,
          POD_ASSIGNED,
          POD_DELETED,
          POD_LABELS_CHANGED,
          NAMESPACE_CHANGED ->
          true;
      case NODE_DELETED, NODE_TAINTS_CHANGED, NODE_ALLOCATABLE_CHANGED -> false;
    };
  }

  /** Counts at each place the pods that matter, once for all nodes. */
  private static final class Filter implements NodeFilter {
    private final PodInfo pod;
    private final ClusterState cluster;
    private final List<AffinityTerm> near;
    private final List<AffinityTerm> far;
    private final PlaceCounts wanted = new PlaceCounts();
    private final PlaceCounts unwanted = new PlaceCounts();
    private final PlaceCounts unwantedBy = new PlaceCounts();
    private final boolean first;

    Filter(PodInfo pod, ClusterState cluster) {
      this.pod = pod;
      this.cluster = cluster;
      this.near = pod.affinity().near();
      this.far = pod.affinity().far();
      this.first = !near.isEmpty() && isWanted(pod.kind());
      var matching = new HashMap<AffinityTerm, Boolean>();
      for (var node : cluster.nodesWithAffinity()) {
        if (node.node() != null) {
          node.unwanted()
              .forEach(
                  (term, count) -> {
                    if (matching.computeIfAbsent(term, t -> t.matches(pod.kind(), cluster))) {
                      unwantedBy.add(term.topologyKey(), node.labels(), count);
                    }
                  });
        }
      }
      if (!near.isEmpty() || !far.isEmpty()) {
        var of = new HashMap<Kind, long[]>();
        for (var node : cluster.nodes()) {
          node.kinds()
              .forEach(
                  (kind, count) -> count(of.computeIfAbsent(kind, this::matches), node, count));
        }
      }
    }

    boolean saysNothing() {
      return near.isEmpty() && far.isEmpty() && unwantedBy.isEmpty();
    }

    /** Pods must match all terms to be wanted, and one to be unwanted by it. */
    private long[] matches(Kind kind) {
      var matches = new long[1 + far.size()];
      matches[0] = !near.isEmpty() && isWanted(kind) ? 1 : 0;
      for (int i = 0; i < far.size(); i++) {
        matches[1 + i] = far.get(i).matches(kind, cluster) ? 1 : 0;
      }
      return matches;
    }

    private boolean isWanted(Kind kind) {
      for (var term : near) {
        if (!term.matches(kind, cluster)) {
          return false;
        }
      }
      return true;
    }

    private void count(long[] matches, NodeInfo node, long count) {
      if (matches[0] != 0) {
        for (var term : near) {
          wanted.add(term.topologyKey(), node.labels(), count);
        }
      }
      for (int i = 0; i < far.size(); i++) {
        unwanted.add(far.get(i).topologyKey(), node.labels(), matches[1 + i] * count);
      }
    }

    @Override
    public Refusal refusal(NodeInfo node) {
      if (!near.isEmpty() && !isNear(node)) {
        return NOT_NEAR;
      }
      for (var term : far) {
        if (unwanted.at(term.topologyKey(), node.labels()) > 0) {
          return NOT_FAR;
        }
      }
      for (var key : unwantedBy.keys()) {
        if (unwantedBy.at(key, node.labels()) > 0) {
          return UNWANTED;
        }
      }
      return null;
    }

    private boolean isNear(NodeInfo node) {
      var all = true;
      for (var term : near) {
        if (!node.labels().containsKey(term.topologyKey())) {
          return false;
        }
        all &= wanted.at(term.topologyKey(), node.labels()) > 0;
      }
      // The first of pods that want each other near would never start otherwise.
      return all || (first && wanted.isEmpty());
    }

    @Override
    public void added(PodInfo other, NodeInfo node) {
      suppose(other, node, 1);
    }

    @Override
    public void removed(PodInfo other, NodeInfo node) {
      suppose(other, node, -1);
    }

    private void suppose(PodInfo other, NodeInfo node, long by) {
      count(matches(other.kind()), node, by);
      for (var term : other.affinity().far()) {
        if (term.matches(pod.kind(), cluster)) {
          unwantedBy.add(term.topologyKey(), node.labels(), by);
        }
      }
    }
  }

  @Override
  public int weight() {
    return 2;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    var worth = new PlaceCounts();
    for (var preferred : pod.affinity().preferred()) {
      var matching = new HashMap<Kind, Boolean>();
      for (var node : cluster.nodes()) {
        node.kinds()
            .forEach(
                (kind, count) -> {
                  if (matching.computeIfAbsent(kind, k -> preferred.term().matches(k, cluster))) {
                    worth.add(
                        preferred.term().topologyKey(),
                        node.labels(),
                        (long) preferred.weight() * count);
                  }
                });
      }
    }
    wishesOfOthers(pod, cluster, worth);
    return worth.isEmpty() ? Optional.empty() : Optional.of(new Scorer(worth));
  }

  private static void wishesOfOthers(PodInfo pod, ClusterState cluster, PlaceCounts worth) {
    Map<AffinityTerm, Boolean> matching = new HashMap<>();
    for (var node : cluster.nodesWithAffinity()) {
      if (node.node() == null) {
        continue;
      }
      for (var other : node.podsWithAffinity()) {
        for (var term : other.affinity().near()) {
          if (matching.computeIfAbsent(term, t -> t.matches(pod.kind(), cluster))) {
            worth.add(term.topologyKey(), node.labels(), REQUIRED_BY_OTHERS);
          }
        }
        for (var preferred : other.affinity().preferred()) {
          if (matching.computeIfAbsent(preferred.term(), t -> t.matches(pod.kind(), cluster))) {
            worth.add(preferred.term().topologyKey(), node.labels(), preferred.weight());
          }
        }
      }
    }
  }

  private record Scorer(PlaceCounts worth) implements NodeScorer {
    @Override
    public long score(NodeInfo node) {
      long sum = 0;
      for (var key : worth.keys()) {
        sum += worth.at(key, node.labels());
      }
      return sum;
    }

    @Override
    public void normalize(long[] scores) {
      long least = 0;
      long most = 0;
      for (var score : scores) {
        least = Math.min(least, score);
        most = Math.max(most, score);
      }
      for (int i = 0; i < scores.length; i++) {
        scores[i] = most == least ? 0 : MOST * (scores[i] - least) / (most - least);
      }
    }
  }
}
