package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * What runs where: what the informers show, and the pods bound a moment ago that they don't show
 * yet. Belongs to the scheduling loop.
 */
final class ClusterState {
  private final Map<String, NodeInfo> nodes = new HashMap<>();
  private final Map<String, String> placedOn = new HashMap<>();

  Collection<NodeInfo> nodes() {
    return nodes.values();
  }

  void put(Node node) {
    info(node.getMetadata().getName()).node(node);
  }

  void remove(Node node) {
    var name = node.getMetadata().getName();
    info(name).node(null);
    tidy(name);
  }

  /** Counts a pod on its node; one that has ended counts nowhere. */
  void put(Pod pod) {
    var node = pod.getSpec().getNodeName();
    if (node == null || node.isEmpty()) {
      return;
    }
    if (hasEnded(pod)) {
      remove(pod);
    } else {
      place(pod, node);
    }
  }

  /** Counts a pod on a node from the moment it is decided, so that the next one sees it. */
  void place(Pod pod, String node) {
    var uid = pod.getMetadata().getUid();
    var before = placedOn.put(uid, node);
    if (before != null && !before.equals(node)) {
      info(before).remove(uid);
      tidy(before);
    }
    info(node).add(uid, pod);
  }

  /** Tells whether a node was decided on, though the informer may not show it yet. */
  boolean isPlaced(Pod pod) {
    return placedOn.containsKey(pod.getMetadata().getUid());
  }

  void remove(Pod pod) {
    var uid = pod.getMetadata().getUid();
    var node = placedOn.remove(uid);
    if (node != null) {
      info(node).remove(uid);
      tidy(node);
    }
  }

  static boolean hasEnded(Pod pod) {
    var phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return "Succeeded".equals(phase) || "Failed".equals(phase);
  }

  private NodeInfo info(String name) {
    return nodes.computeIfAbsent(name, n -> new NodeInfo());
  }

  private void tidy(String name) {
    nodes.computeIfPresent(name, (n, info) -> info.isEmpty() ? null : info);
  }
}
