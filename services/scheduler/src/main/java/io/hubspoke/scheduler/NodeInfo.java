package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A node with what runs on it. Mutable; belongs to the scheduling loop. */
final class NodeInfo {
  private record Placed(
      String namespace, String group, Map<String, Long> requests, Set<String> ports) {}

  private final Map<String, Placed> pods = new HashMap<>();
  private final Map<String, Long> requested = new HashMap<>();
  private Node node;
  private Map<String, Long> allocatable = Map.of();

  /** Returns the node, or null while only its pods are known. */
  Node node() {
    return node;
  }

  void node(Node node) {
    this.node = node;
    var status = node == null ? null : node.getStatus();
    allocatable = status == null ? Map.of() : Requests.amounts(status.getAllocatable());
  }

  boolean isEmpty() {
    return node == null && pods.isEmpty();
  }

  void add(String uid, Pod pod) {
    remove(uid);
    var placed =
        new Placed(pod.getMetadata().getNamespace(), group(pod), Requests.of(pod), ports(pod));
    pods.put(uid, placed);
    placed.requests.forEach((name, amount) -> requested.merge(name, amount, Long::sum));
  }

  void remove(String uid) {
    var placed = pods.remove(uid);
    if (placed != null) {
      placed.requests.forEach((name, amount) -> requested.merge(name, -amount, Long::sum));
    }
  }

  int podCount() {
    return pods.size();
  }

  /** Counts the pods of the same namespace that belong together with this one. */
  long alike(Pod pod) {
    var namespace = pod.getMetadata().getNamespace();
    var group = group(pod);
    return pods.values().stream()
        .filter(p -> p.group.equals(group) && p.namespace.equals(namespace))
        .count();
  }

  /** Returns how much is left; without a limit when the node names none. */
  long free(String resource) {
    var limit = allocatable.get(resource);
    if (limit == null) {
      // A kubelet that reports nothing at all has no limits; one that reports has no such device.
      return allocatable.isEmpty() ? Long.MAX_VALUE : 0;
    }
    return limit - requested.getOrDefault(resource, 0L);
  }

  /** Returns how many pods the node runs at most. */
  long podLimit() {
    return allocatable.getOrDefault("pods", Long.MAX_VALUE);
  }

  boolean hasPortsFor(Pod pod) {
    var wanted = ports(pod);
    return wanted.isEmpty()
        || pods.values().stream().allMatch(p -> p.ports.stream().noneMatch(wanted::contains));
  }

  /** Pods of one controller belong together, and so do bare pods with the same labels. */
  private static String group(Pod pod) {
    var owners = pod.getMetadata().getOwnerReferences();
    if (owners != null) {
      for (var owner : owners) {
        if (Boolean.TRUE.equals(owner.getController())) {
          return owner.getUid();
        }
      }
    }
    var labels = pod.getMetadata().getLabels();
    return labels == null ? "" : new java.util.TreeMap<>(labels).toString();
  }

  private static Set<String> ports(Pod pod) {
    var ports = new HashSet<String>();
    var containers = pod.getSpec().getContainers();
    if (containers != null) {
      for (var container : containers) {
        if (container.getPorts() != null) {
          container.getPorts().forEach(port -> add(ports, port));
        }
      }
    }
    return ports;
  }

  private static void add(Set<String> ports, ContainerPort port) {
    if (port.getHostPort() != null && port.getHostPort() != 0) {
      var protocol = port.getProtocol() == null ? "TCP" : port.getProtocol();
      ports.add(protocol + "/" + port.getHostPort());
    }
  }
}
