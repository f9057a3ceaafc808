package io.hubspoke.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.scheduler.Placement.Remedy;
import io.hubspoke.scheduler.PlainRules.Placed;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Random clusters, in which every decision is checked by rules that were written once more. */
class PlacementPropertyTest {
  private static final int CLUSTERS = 400;
  private static final int PODS = 40;

  private int chosen;
  private int refused;
  private int preempted;

  @Test
  void everyPlacementKeepsAllRulesAndNoneIsMissed() {
    for (int seed = 0; seed < CLUSTERS; seed++) {
      new World(seed).run();
    }
    // Or the clusters were too roomy or too narrow to show anything.
    assertThat(chosen).isGreaterThan(CLUSTERS * 3);
    assertThat(refused).isGreaterThan(CLUSTERS * 3);
    assertThat(preempted).isGreaterThan(CLUSTERS);
  }

  /** One cluster, as the scheduler knows it by and by, and as it is. */
  private final class World {
    private final int seed;
    private final Random random;
    private final RandomCluster made;
    private final ClusterState cluster = new ClusterState();
    private final SchedulingCycle cycle = new SchedulingCycle(cluster, new Profile());
    private final Map<String, Node> nodes = new TreeMap<>();
    private final List<Placed> placed = new ArrayList<>();

    World(int seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.made = new RandomCluster(random);
      RandomCluster.NAMESPACES.forEach(cluster::putNamespace);
      for (int i = 0; i < 1 + random.nextInt(7); i++) {
        put(made.node("n" + i));
      }
    }

    void run() {
      for (int i = 0; i < PODS; i++) {
        schedule(made.pod());
        if (!placed.isEmpty() && made.chance(4)) {
          remove(placed.get(random.nextInt(placed.size())).pod());
        }
        if (made.chance(12)) {
          put(made.node("n" + random.nextInt(nodes.size())));
        }
      }
    }

    private void put(Node node) {
      nodes.put(node.getMetadata().getName(), node);
      cluster.put(node);
    }

    private void remove(Pod pod) {
      placed.removeIf(
          there -> there.pod().getMetadata().getUid().equals(pod.getMetadata().getUid()));
      cluster.remove(pod);
    }

    private void place(Pod pod, String node) {
      placed.add(new Placed(pod, node));
      cluster.place(PodInfo.of(pod), node);
    }

    private boolean allows(Pod pod, String node) {
      return new PlainRules(nodes, RandomCluster.NAMESPACES, placed).allows(pod, nodes.get(node));
    }

    private void schedule(Pod pod) {
      switch (cycle.place(PodInfo.of(pod))) {
        case Placement.Chosen(var node) -> {
          assertThat(allows(pod, node)).as(about(pod, node)).isTrue();
          chosen++;
          place(pod, node);
        }
        case Placement.Unschedulable unschedulable -> {
          for (var node : nodes.keySet()) {
            assertThat(allows(pod, node)).as(about(pod, node)).isFalse();
          }
          refused++;
          assertThat(unschedulable.message()).startsWith("0/" + nodes.size() + " nodes are");
          if (unschedulable.remedy() instanceof Remedy.Preempt preempt) {
            preempt(pod, preempt);
          }
        }
      }
    }

    /** The victims are less important, enough, and none is one too many. */
    private void preempt(Pod pod, Remedy.Preempt preempt) {
      preempted++;
      assertThat(preempt.victims()).isNotEmpty();
      for (var victim : preempt.victims()) {
        assertThat(victim.priority()).isLessThan(pod.getSpec().getPriority());
        remove(victim.pod());
      }
      assertThat(allows(pod, preempt.node())).as(about(pod, preempt.node())).isTrue();
      for (var victim : preempt.victims()) {
        placed.add(new Placed(victim.pod(), preempt.node()));
        assertThat(allows(pod, preempt.node()))
            .as("%s could have stayed, %s", victim, about(pod, preempt.node()))
            .isFalse();
        placed.removeLast();
      }
      assertThat(cycle.place(PodInfo.of(pod))).isInstanceOf(Placement.Chosen.class);
      place(pod, preempt.node());
    }

    private String about(Pod pod, String node) {
      return "seed " + seed + ", " + pod.getMetadata().getName() + " on " + node;
    }
  }
}
