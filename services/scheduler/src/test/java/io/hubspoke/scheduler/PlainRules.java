package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The documented rules in their plainest form, pod by pod and node by node, for comparison. It
 * shares no code with the scheduler.
 */
final class PlainRules {
  /** A pod where it runs. */
  record Placed(Pod pod, String node) {}

  private final Map<String, Node> nodes;
  private final Map<String, Map<String, String>> namespaces;
  private final List<Placed> placed;

  PlainRules(
      Map<String, Node> nodes, Map<String, Map<String, String>> namespaces, List<Placed> placed) {
    this.nodes = nodes;
    this.namespaces = namespaces;
    this.placed = placed;
  }

  boolean allows(Pod pod, Node node) {
    return (!Boolean.TRUE.equals(node.getSpec().getUnschedulable())
            || tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule"))
        && toleratesAll(pod, node)
        && wants(pod, node)
        && hasPorts(pod, node)
        && hasRoom(pod, node)
        && isNear(pod, node)
        && isFar(pod, node)
        && isWelcome(pod, node)
        && isEven(pod, node);
  }

  private static boolean toleratesAll(Pod pod, Node node) {
    for (Taint taint : node.getSpec().getTaints()) {
      if (!taint.getEffect().equals("PreferNoSchedule")
          && !tolerates(pod, taint.getKey(), taint.getValue(), taint.getEffect())) {
        return false;
      }
    }
    return true;
  }

  private static boolean tolerates(Pod pod, String key, String value, String effect) {
    for (Toleration t : pod.getSpec().getTolerations()) {
      var keyFits = t.getKey() == null ? "Exists".equals(t.getOperator()) : t.getKey().equals(key);
      var valueFits = "Exists".equals(t.getOperator()) || value.equals(t.getValue());
      var effectFits = t.getEffect() == null || t.getEffect().equals(effect);
      if (keyFits && valueFits && effectFits) {
        return true;
      }
    }
    return false;
  }

  private static boolean wants(Pod pod, Node node) {
    for (var wanted : pod.getSpec().getNodeSelector().entrySet()) {
      if (!wanted.getValue().equals(node.getMetadata().getLabels().get(wanted.getKey()))) {
        return false;
      }
    }
    var affinity = pod.getSpec().getAffinity();
    if (affinity == null
        || affinity.getNodeAffinity() == null
        || affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution() == null) {
      return true;
    }
    for (var term :
        affinity
            .getNodeAffinity()
            .getRequiredDuringSchedulingIgnoredDuringExecution()
            .getNodeSelectorTerms()) {
      var all = true;
      for (var requirement : term.getMatchExpressions()) {
        all &= holds(requirement, node.getMetadata().getLabels().get(requirement.getKey()));
      }
      for (var requirement : term.getMatchFields()) {
        all &= holds(requirement, node.getMetadata().getName());
      }
      if (all) {
        return true;
      }
    }
    return false;
  }

  private static boolean holds(NodeSelectorRequirement requirement, String value) {
    return switch (requirement.getOperator()) {
      case "In" -> requirement.getValues().contains(value);
      case "NotIn" -> !requirement.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" ->
          value != null && Long.parseLong(value) > Long.parseLong(requirement.getValues().get(0));
      case "Lt" ->
          value != null && Long.parseLong(value) < Long.parseLong(requirement.getValues().get(0));
      default -> throw new IllegalArgumentException(requirement.getOperator());
    };
  }

  private boolean hasPorts(Pod pod, Node node) {
    for (ContainerPort wanted : ports(pod)) {
      for (var other : on(node)) {
        for (ContainerPort taken : ports(other)) {
          var sameAddress =
              wanted.getHostIP() == null
                  || taken.getHostIP() == null
                  || wanted.getHostIP().equals(taken.getHostIP());
          if (sameAddress && wanted.getHostPort().equals(taken.getHostPort())) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static List<ContainerPort> ports(Pod pod) {
    var ports = new ArrayList<ContainerPort>();
    pod.getSpec().getContainers().forEach(container -> ports.addAll(container.getPorts()));
    return ports;
  }

  private boolean hasRoom(Pod pod, Node node) {
    var allocatable = node.getStatus().getAllocatable();
    var there = on(node);
    if (there.size() + 1 > allocatable.get("pods").getNumericalAmount().intValue()) {
      return false;
    }
    var resources = new TreeSet<String>();
    resources.addAll(List.of("cpu", "memory", "example.com/device"));
    for (var resource : resources) {
      var wanted = requests(pod, resource);
      var used = BigDecimal.ZERO;
      for (var other : there) {
        used = used.add(requests(other, resource));
      }
      var limit = allocatable.get(resource);
      var most = limit == null ? BigDecimal.ZERO : limit.getNumericalAmount();
      if (wanted.signum() > 0 && used.add(wanted).compareTo(most) > 0) {
        return false;
      }
    }
    return true;
  }

  /** Looks at each moment of a pod's start: the sidecars so far and one container that starts. */
  private static BigDecimal requests(Pod pod, String resource) {
    var sidecars = BigDecimal.ZERO;
    var most = BigDecimal.ZERO;
    for (var container : pod.getSpec().getInitContainers()) {
      var own = request(container, resource);
      if ("Always".equals(container.getRestartPolicy())) {
        sidecars = sidecars.add(own);
        most = most.max(sidecars);
      } else {
        most = most.max(sidecars.add(own));
      }
    }
    var running = sidecars;
    for (var container : pod.getSpec().getContainers()) {
      running = running.add(request(container, resource));
    }
    return most.max(running);
  }

  private static BigDecimal request(Container container, String resource) {
    var resources = container.getResources();
    var amount = resources == null ? null : resources.getRequests().get(resource);
    return amount == null ? BigDecimal.ZERO : amount.getNumericalAmount();
  }

  private boolean isNear(Pod pod, Node node) {
    var terms = near(pod);
    if (terms.isEmpty()) {
      return true;
    }
    for (var term : terms) {
      if (label(node, term) == null) {
        return false;
      }
    }
    var somewhere = false;
    var everywhere = true;
    for (var term : terms) {
      var here = false;
      for (var other : placed) {
        var place = label(nodes.get(other.node), term);
        if (place != null && meansAll(terms, pod, other.pod)) {
          somewhere = true;
          here |= place.equals(label(node, term));
        }
      }
      everywhere &= here;
    }
    return everywhere || (!somewhere && meansAll(terms, pod, pod));
  }

  private boolean isFar(Pod pod, Node node) {
    for (var term : far(pod)) {
      for (var other : placed) {
        if (samePlace(term, node, nodes.get(other.node)) && means(term, pod, other.pod)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean isWelcome(Pod pod, Node node) {
    for (var other : placed) {
      for (var term : far(other.pod)) {
        if (samePlace(term, node, nodes.get(other.node)) && means(term, other.pod, pod)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean samePlace(PodAffinityTerm term, Node one, Node other) {
    return label(one, term) != null && label(one, term).equals(label(other, term));
  }

  private static String label(Node node, PodAffinityTerm term) {
    return node.getMetadata().getLabels().get(term.getTopologyKey());
  }

  private boolean meansAll(List<PodAffinityTerm> terms, Pod owner, Pod other) {
    for (var term : terms) {
      if (!means(term, owner, other)) {
        return false;
      }
    }
    return true;
  }

  private boolean means(PodAffinityTerm term, Pod owner, Pod other) {
    var namespace = other.getMetadata().getNamespace();
    var named = term.getNamespaces().contains(namespace);
    var selected =
        term.getNamespaceSelector() != null
            && selects(term.getNamespaceSelector(), namespaces.get(namespace));
    var own =
        term.getNamespaces().isEmpty()
            && term.getNamespaceSelector() == null
            && owner.getMetadata().getNamespace().equals(namespace);
    return (named || selected || own)
        && selects(term.getLabelSelector(), other.getMetadata().getLabels());
  }

  private static boolean selects(LabelSelector selector, Map<String, String> labels) {
    if (selector == null) {
      return false;
    }
    for (var wanted : selector.getMatchLabels().entrySet()) {
      if (!wanted.getValue().equals(labels.get(wanted.getKey()))) {
        return false;
      }
    }
    return true;
  }

  private static List<PodAffinityTerm> near(Pod pod) {
    var affinity = pod.getSpec().getAffinity();
    return affinity == null || affinity.getPodAffinity() == null
        ? List.of()
        : affinity.getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
  }

  private static List<PodAffinityTerm> far(Pod pod) {
    var affinity = pod.getSpec().getAffinity();
    return affinity == null || affinity.getPodAntiAffinity() == null
        ? List.of()
        : affinity.getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
  }

  private boolean isEven(Pod pod, Node node) {
    var constraints = new ArrayList<TopologySpreadConstraint>();
    for (var constraint : pod.getSpec().getTopologySpreadConstraints()) {
      if (constraint.getWhenUnsatisfiable().equals("DoNotSchedule")) {
        constraints.add(constraint);
      }
    }
    for (var constraint : constraints) {
      var here = node.getMetadata().getLabels().get(constraint.getTopologyKey());
      if (here == null) {
        return false;
      }
      var counts = new HashMap<String, Integer>();
      for (var other : nodes.values()) {
        if (hasAll(other, constraints)
            && ("Ignore".equals(constraint.getNodeAffinityPolicy()) || wants(pod, other))
            && (!"Honor".equals(constraint.getNodeTaintsPolicy()) || toleratesAll(pod, other))) {
          var place = other.getMetadata().getLabels().get(constraint.getTopologyKey());
          counts.putIfAbsent(place, 0);
          for (var there : on(other)) {
            if (there.getMetadata().getNamespace().equals(pod.getMetadata().getNamespace())
                && selects(constraint.getLabelSelector(), there.getMetadata().getLabels())) {
              counts.merge(place, 1, Integer::sum);
            }
          }
        }
      }
      var least = Integer.MAX_VALUE;
      for (var count : counts.values()) {
        least = Math.min(least, count);
      }
      var domains = constraint.getMinDomains() == null ? 1 : constraint.getMinDomains();
      if (counts.size() < domains) {
        least = 0;
      }
      var self = selects(constraint.getLabelSelector(), pod.getMetadata().getLabels()) ? 1 : 0;
      if (counts.getOrDefault(here, 0) + self - least > constraint.getMaxSkew()) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasAll(Node node, List<TopologySpreadConstraint> constraints) {
    for (var constraint : constraints) {
      if (!node.getMetadata().getLabels().containsKey(constraint.getTopologyKey())) {
        return false;
      }
    }
    return true;
  }

  private List<Pod> on(Node node) {
    var pods = new ArrayList<Pod>();
    for (var other : placed) {
      if (other.node.equals(node.getMetadata().getName())) {
        pods.add(other.pod);
      }
    }
    return pods;
  }
}
