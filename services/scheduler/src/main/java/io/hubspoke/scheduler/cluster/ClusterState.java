package io.hubspoke.scheduler.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Meta;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What runs where: what the informers show, the pods bound a moment ago that they don't show yet,
 * and the pods that others make room for. Belongs to the scheduling loop.
 */
public final class ClusterState {
  private final Map<String, NodeInfo> nodes = new HashMap<>();
  private final Map<String, String> placedOn = new HashMap<>();
  private final Map<String, Map<String, PodInfo>> nominated = new HashMap<>();
  private final Map<String, String> nominations = new HashMap<>();
  private final Set<String> preempted = new HashSet<>();
  private final Set<NodeInfo> withAffinity = new HashSet<>();
  private final Map<String, Map<String, String>> namespaces = new HashMap<>();
  private final Map<String, Budget> budgets = new LinkedHashMap<>();
  private final Map<String, Integer> images = new HashMap<>();
  private List<NodeInfo> sorted = List.of();
  private boolean outdated;

  /** Returns the nodes by name, not those of which only pods are known. */
  public List<NodeInfo> nodes() {
    if (outdated) {
      sorted =
          nodes.values().stream()
              .filter(info -> info.node() != null)
              .sorted(Comparator.comparing(NodeInfo::name))
              .toList();
      outdated = false;
    }
    return sorted;
  }

  /** Returns a node, or null. */
  public NodeInfo node(String name) {
    var info = nodes.get(name);
    return info == null || info.node() == null ? null : info;
  }

  /** Returns the nodes on which pods are that want others near or far. */
  public Collection<NodeInfo> nodesWithAffinity() {
    return withAffinity;
  }

  public void put(Node node) {
    var info = info(node.getMetadata().getName());
    outdated |= info.node() == null;
    countImages(info, -1);
    info.node(node);
    countImages(info, 1);
  }

  public void remove(Node node) {
    var info = info(node.getMetadata().getName());
    countImages(info, -1);
    info.node(null);
    outdated = true;
    tidy(info.name());
  }

  /** Returns how many nodes have an image. */
  public int nodesWithImage(String image) {
    return images.getOrDefault(image, 0);
  }

  private void countImages(NodeInfo info, int by) {
    for (var image : info.images().keySet()) {
      images.merge(image, by, (before, more) -> before + more == 0 ? null : before + more);
    }
  }

  /** Counts a pod on its node; one that has ended counts nowhere. */
  public void put(Pod pod) {
    var node = pod.getSpec().getNodeName();
    if (node == null || node.isEmpty()) {
      return;
    }
    if (hasEnded(pod)) {
      remove(pod);
    } else {
      place(PodInfo.of(pod), node);
    }
  }

  /** Counts a pod on a node from the moment it is decided, so that the next one sees it. */
  public void place(PodInfo pod, String node) {
    var before = placedOn.put(pod.uid(), node);
    if (before != null && !before.equals(node)) {
      takeFrom(before, pod.uid());
    }
    var info = info(node);
    info.add(pod);
    index(info);
    unnominate(pod.uid());
  }

  /** Tells whether a node was decided on, though the informer may not show it yet. */
  public boolean isPlaced(Pod pod) {
    return placedOn.containsKey(pod.getMetadata().getUid());
  }

  public void remove(Pod pod) {
    var uid = pod.getMetadata().getUid();
    var node = placedOn.remove(uid);
    if (node != null) {
      takeFrom(node, uid);
    }
    preempted.remove(uid);
    unnominate(uid);
  }

  private void takeFrom(String node, String uid) {
    var info = info(node);
    info.remove(uid);
    index(info);
    tidy(node);
  }

  private void index(NodeInfo info) {
    if (info.podsWithAffinity().isEmpty()) {
      withAffinity.remove(info);
    } else {
      withAffinity.add(info);
    }
  }

  /** Notes that room is made for a pod on a node. */
  public void nominate(PodInfo pod, String node) {
    unnominate(pod.uid());
    nominations.put(pod.uid(), node);
    nominated.computeIfAbsent(node, n -> new LinkedHashMap<>()).put(pod.uid(), pod);
  }

  public void unnominate(String uid) {
    var node = nominations.remove(uid);
    if (node != null) {
      var there = nominated.get(node);
      there.remove(uid);
      if (there.isEmpty()) {
        nominated.remove(node);
      }
    }
  }

  /** Notes that a pod was told to end, which the informer may not show yet. */
  public void preempt(PodInfo victim) {
    if (placedOn.containsKey(victim.uid())) {
      preempted.add(victim.uid());
    }
  }

  /** Tells whether a pod is ending to make room for another. */
  public boolean isPreempted(PodInfo pod) {
    if (preempted.contains(pod.uid())) {
      return true;
    }
    var status = pod.pod().getStatus();
    return pod.kind().terminating()
        && status != null
        && status.getConditions() != null
        && status.getConditions().stream()
            .anyMatch(
                condition ->
                    "DisruptionTarget".equals(condition.getType())
                        && "True".equals(condition.getStatus())
                        && "PreemptionByScheduler".equals(condition.getReason()));
  }

  /** Returns the node that room is made on for a pod; empty for none. */
  public String nominationOf(String uid) {
    return nominations.getOrDefault(uid, "");
  }

  /** Returns the pods that room is made for on a node. */
  public Collection<PodInfo> nominatedOn(String node) {
    var there = nominated.get(node);
    return there == null ? List.of() : there.values();
  }

  public void putNamespace(String name, Map<String, String> labels) {
    namespaces.put(name, labels);
  }

  public void removeNamespace(String name) {
    namespaces.remove(name);
  }

  public Map<String, String> namespaceLabels(String name) {
    return namespaces.getOrDefault(name, Map.of());
  }

  public void putBudget(ObjectNode budget) {
    budgets.put(Meta.namespace(budget) + "/" + Meta.name(budget), Budget.of(budget));
  }

  public void removeBudget(ObjectNode budget) {
    budgets.remove(Meta.namespace(budget) + "/" + Meta.name(budget));
  }

  public Collection<Budget> budgets() {
    return budgets.values();
  }

  public static boolean hasEnded(Pod pod) {
    var phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return "Succeeded".equals(phase) || "Failed".equals(phase);
  }

  private NodeInfo info(String name) {
    return nodes.computeIfAbsent(name, NodeInfo::new);
  }

  private void tidy(String name) {
    nodes.computeIfPresent(name, (n, info) -> info.isEmpty() ? null : info);
  }
}
