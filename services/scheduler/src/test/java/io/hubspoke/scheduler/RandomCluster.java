package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Makes nodes and pods that are likely to be in each other's way. */
final class RandomCluster {
  static final Map<String, Map<String, String>> NAMESPACES =
      Map.of("blue", Map.of("team", "one"), "green", Map.of("team", "two"));

  private final RandomGenerator random;
  private int created;

  RandomCluster(RandomGenerator random) {
    this.random = random;
  }

  Node node(String name) {
    var labels = new HashMap<String, String>();
    labels.put("kubernetes.io/hostname", name);
    if (!chance(8)) {
      labels.put("topology.kubernetes.io/zone", pick("z1", "z2", "z3"));
    }
    if (chance(2)) {
      labels.put("disk", pick("ssd", "hdd"));
    }
    if (chance(2)) {
      labels.put("rank", pick("1", "2", "3"));
    }
    var taints = new ArrayList<Taint>();
    if (chance(4)) {
      taints.add(
          new Taint(
              pick("NoSchedule", "NoExecute", "PreferNoSchedule"),
              pick("gpu", "dedicated"),
              null,
              pick("a", "b")));
    }
    var allocatable = new HashMap<String, Quantity>();
    allocatable.put("cpu", new Quantity(pick("1", "2", "1500m")));
    allocatable.put("memory", new Quantity(pick("1Gi", "2G")));
    allocatable.put("pods", new Quantity(pick("2", "3", "5")));
    if (chance(3)) {
      allocatable.put("example.com/device", new Quantity("1"));
    }
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .withLabels(labels)
        .endMetadata()
        .withNewSpec()
        .withUnschedulable(chance(10) ? true : null)
        .withTaints(taints)
        .endSpec()
        .withNewStatus()
        .withAllocatable(allocatable)
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  Pod pod() {
    var name = "p" + created++;
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withUid(name)
        .withNamespace(pick("blue", "green"))
        .withLabels(Map.of("app", pick("a", "b", "c"), "v", pick("1", "2")))
        .endMetadata()
        .withNewSpec()
        .withPriority(random.nextInt(3))
        .withNodeSelector(chance(6) ? Map.of("disk", "ssd") : Map.of())
        .withTolerations(tolerations())
        .withAffinity(affinity())
        .withTopologySpreadConstraints(spread())
        .withInitContainers(initContainers())
        .withContainers(container(chance(6)))
        .endSpec()
        .withNewStatus()
        .withPhase("Pending")
        .endStatus()
        .build();
  }

  private List<Container> initContainers() {
    var containers = new ArrayList<Container>();
    while (chance(5)) {
      var container = container(false);
      container.setRestartPolicy(chance(2) ? "Always" : null);
      containers.add(container);
    }
    return containers;
  }

  private Container container(boolean port) {
    var requests = new HashMap<String, Quantity>();
    if (chance(2)) {
      requests.put("cpu", new Quantity(pick("100m", "0.3", "700m")));
    }
    if (chance(2)) {
      requests.put("memory", new Quantity(pick("100Mi", "300M", "0")));
    }
    if (chance(10)) {
      requests.put("example.com/device", new Quantity("1"));
    }
    var builder =
        new ContainerBuilder()
            .withName("c")
            .withNewResources()
            .withRequests(requests)
            .endResources();
    if (port) {
      builder
          .addNewPort()
          .withContainerPort(80)
          .withHostPort(chance(2) ? 80 : 81)
          .withHostIP(chance(2) ? null : pick("127.0.0.1", "127.0.0.2"))
          .endPort();
    }
    return builder.build();
  }

  private List<Toleration> tolerations() {
    var tolerations = new ArrayList<Toleration>();
    if (chance(4)) {
      tolerations.add(
          chance(2)
              ? new Toleration(null, pick("gpu", "dedicated"), "Exists", null, null)
              : new Toleration(
                  pick("NoSchedule", "NoExecute"),
                  pick("gpu", "dedicated"),
                  "Equal",
                  null,
                  pick("a", "b")));
    }
    if (chance(15)) {
      tolerations.add(new Toleration(null, null, "Exists", null, null));
    }
    return tolerations;
  }

  private Affinity affinity() {
    var builder = new AffinityBuilder();
    if (chance(5)) {
      builder
          .withNewNodeAffinity()
          .withNewRequiredDuringSchedulingIgnoredDuringExecution()
          .withNodeSelectorTerms(nodeTerms())
          .endRequiredDuringSchedulingIgnoredDuringExecution()
          .endNodeAffinity();
    }
    if (chance(5)) {
      builder
          .withNewPodAffinity()
          .withRequiredDuringSchedulingIgnoredDuringExecution(podTerms())
          .endPodAffinity();
    }
    if (chance(4)) {
      builder
          .withNewPodAntiAffinity()
          .withRequiredDuringSchedulingIgnoredDuringExecution(podTerms())
          .endPodAntiAffinity();
    }
    return builder.build();
  }

  private List<NodeSelectorTerm> nodeTerms() {
    var terms = new ArrayList<NodeSelectorTerm>();
    do {
      var byName = chance(4);
      var requirement =
          byName
              ? new NodeSelectorRequirement(
                  "metadata.name", "In", List.of(pick("n0", "n1"), pick("n2", "n9")))
              : switch (random.nextInt(5)) {
                case 0 -> new NodeSelectorRequirement("disk", "In", List.of("ssd", "tape"));
                case 1 -> new NodeSelectorRequirement("disk", "NotIn", List.of("ssd"));
                case 2 -> new NodeSelectorRequirement("rank", "Exists", List.of());
                case 3 -> new NodeSelectorRequirement("rank", "Gt", List.of("1"));
                default -> new NodeSelectorRequirement("rank", "Lt", List.of("3"));
              };
      terms.add(
          byName
              ? new NodeSelectorTerm(List.of(), List.of(requirement))
              : new NodeSelectorTerm(List.of(requirement), List.of()));
    } while (chance(4));
    return terms;
  }

  private List<PodAffinityTerm> podTerms() {
    var terms = new ArrayList<PodAffinityTerm>();
    do {
      var builder =
          new PodAffinityTermBuilder()
              .withTopologyKey(topologyKey())
              .withLabelSelector(
                  new LabelSelectorBuilder().addToMatchLabels("app", pick("a", "b", "c")).build());
      switch (random.nextInt(6)) {
        case 0 -> builder.withNamespaces("green");
        case 1 ->
            builder.withNamespaceSelector(
                new LabelSelectorBuilder().addToMatchLabels("team", "one").build());
        case 2 -> builder.withNamespaceSelector(new LabelSelectorBuilder().build());
        default -> {}
      }
      terms.add(builder.build());
    } while (chance(4));
    return terms;
  }

  private List<TopologySpreadConstraint> spread() {
    var constraints = new ArrayList<TopologySpreadConstraint>();
    while (chance(4)) {
      constraints.add(
          new TopologySpreadConstraintBuilder()
              .withTopologyKey(topologyKey())
              .withMaxSkew(1 + random.nextInt(2))
              .withWhenUnsatisfiable(chance(4) ? "ScheduleAnyway" : "DoNotSchedule")
              .withMinDomains(chance(4) ? 3 : null)
              .withNodeAffinityPolicy(chance(3) ? "Ignore" : null)
              .withNodeTaintsPolicy(chance(3) ? "Honor" : null)
              .withLabelSelector(
                  new LabelSelectorBuilder().addToMatchLabels("app", pick("a", "b")).build())
              .build());
    }
    return constraints;
  }

  private String topologyKey() {
    return chance(2) ? "kubernetes.io/hostname" : "topology.kubernetes.io/zone";
  }

  boolean chance(int of) {
    return random.nextInt(of) == 0;
  }

  String pick(String... values) {
    return values[random.nextInt(values.length)];
  }
}
