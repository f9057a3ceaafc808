package io.hubspoke.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.Profile;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Many pods for 1,000 nodes: how fast they are placed must not hang on how many run already. */
class PlacementSpeedTest {
  private static final int NODES = 1_000;
  private static final int PODS = 2_000;

  /** A small part of what a quiet machine does; processor time, since others may use this one. */
  private static final double LEAST_PER_SECOND = 100;

  @Test
  void placesHundredsOfPodsASecond() {
    var cluster = new ClusterState();
    var cycle = new SchedulingCycle(cluster, new Profile());
    for (int i = 0; i < NODES; i++) {
      cluster.put(node(i));
    }
    var threads = ManagementFactory.getThreadMXBean();
    var begin = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < PODS; i++) {
      var pod = PodInfo.of(pod(i));
      var placement = cycle.place(pod);
      assertThat(placement).isInstanceOf(Placement.Chosen.class);
      cluster.place(pod, ((Placement.Chosen) placement).node());
    }
    var perSecond = PODS / ((threads.getCurrentThreadCpuTime() - begin) / 1e9);
    System.out.printf("%.0f pods a second on %d nodes%n", perSecond, NODES);
    assertThat(perSecond).isGreaterThan(LEAST_PER_SECOND);
    for (var node : cluster.nodes()) {
      assertThat(node.podCount()).isBetween(1, 8);
    }
  }

  private static Node node(int i) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName("n" + i)
        .addToLabels("kubernetes.io/hostname", "n" + i)
        .addToLabels("topology.kubernetes.io/zone", "z" + i % 3)
        .endMetadata()
        .withNewStatus()
        .addToAllocatable("cpu", new Quantity("8"))
        .addToAllocatable("memory", new Quantity("16Gi"))
        .addToAllocatable("pods", new Quantity("110"))
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  /** Of every ten pods one wants to be far from its like, one to be spread, one to be near. */
  private static Pod pod(int i) {
    var app = "app-" + i / 100;
    var builder =
        new PodBuilder()
            .withNewMetadata()
            .withName("p" + i)
            .withUid("p" + i)
            .withNamespace("default")
            .addToLabels("app", app)
            .addToLabels("kind", Integer.toString(i % 10))
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .withNewResources()
            .withRequests(Map.of("cpu", new Quantity("100m"), "memory", new Quantity("64Mi")))
            .endResources()
            .endContainer()
            .endSpec();
    var same =
        new LabelSelectorBuilder()
            .addToMatchLabels("app", app)
            .addToMatchLabels("kind", Integer.toString(i % 10))
            .build();
    switch (i % 10) {
      case 0 ->
          builder
              .editSpec()
              .withNewAffinity()
              .withNewPodAntiAffinity()
              .addNewRequiredDuringSchedulingIgnoredDuringExecution()
              .withTopologyKey("kubernetes.io/hostname")
              .withLabelSelector(same)
              .endRequiredDuringSchedulingIgnoredDuringExecution()
              .endPodAntiAffinity()
              .endAffinity()
              .endSpec();
      case 1 ->
          builder
              .editSpec()
              .addNewTopologySpreadConstraint()
              .withTopologyKey("topology.kubernetes.io/zone")
              .withMaxSkew(1)
              .withWhenUnsatisfiable("DoNotSchedule")
              .withLabelSelector(same)
              .endTopologySpreadConstraint()
              .endSpec();
      case 2 ->
          builder
              .editSpec()
              .withNewAffinity()
              .withNewPodAffinity()
              .addNewRequiredDuringSchedulingIgnoredDuringExecution()
              .withTopologyKey("topology.kubernetes.io/zone")
              .withLabelSelector(same)
              .endRequiredDuringSchedulingIgnoredDuringExecution()
              .endPodAffinity()
              .endAffinity()
              .endSpec();
      default -> {}
    }
    return builder.build();
  }
}
