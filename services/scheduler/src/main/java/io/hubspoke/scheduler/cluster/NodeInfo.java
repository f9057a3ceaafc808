package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A node with what runs on it, counted by all that rules ask about, so that no rule looks at each
 * pod. Mutable; belongs to the scheduling loop.
 */
public final class NodeInfo {
  private final String name;
  private final Map<String, PodInfo> pods = new HashMap<>();
  private final Map<String, PodInfo> withAffinity = new HashMap<>();
  private final Map<String, Long> requested = new HashMap<>();
  private final Map<Kind, Integer> kinds = new HashMap<>();
  private final Map<Object, Integer> groups = new HashMap<>();
  private final Map<AffinityTerm, Integer> unwanted = new HashMap<>();
  private final Map<HostPort, Integer> ports = new HashMap<>();
  private long usualCpu;
  private long usualMemory;
  private Node node;
  private Map<String, String> labels = Map.of();
  private List<Taint> taints = List.of();
  private Map<String, Long> allocatable = Map.of();
  private Map<String, Long> images = Map.of();
  private boolean unschedulable;

  NodeInfo(String name) {
    this.name = name;
  }

  public String name() {
    return name;
  }

  /** Returns the node, or null while only its pods are known. */
  public Node node() {
    return node;
  }

  void node(Node node) {
    this.node = node;
    var status = node == null ? null : node.getStatus();
    // Looked up for every pod.
    allocatable =
        status == null ? Map.of() : new HashMap<>(Requests.amounts(status.getAllocatable()));
    images = status == null ? Map.of() : images(status);
    taints = node == null ? List.of() : Taints.of(node);
    var known = node == null ? null : node.getMetadata().getLabels();
    labels = known == null ? Map.of() : known;
    unschedulable =
        node != null
            && node.getSpec() != null
            && Boolean.TRUE.equals(node.getSpec().getUnschedulable());
  }

  private static Map<String, Long> images(io.fabric8.kubernetes.api.model.NodeStatus status) {
    if (status.getImages() == null || status.getImages().isEmpty()) {
      return Map.of();
    }
    var images = new HashMap<String, Long>();
    for (var image : status.getImages()) {
      if (image.getNames() != null && image.getSizeBytes() != null) {
        image.getNames().forEach(name -> images.put(name, image.getSizeBytes()));
      }
    }
    return images;
  }

  boolean isEmpty() {
    return node == null && pods.isEmpty();
  }

  /** Counts a pod, in place of what was known of it. */
  public void add(PodInfo pod) {
    remove(pod.uid());
    pods.put(pod.uid(), pod);
    count(pod, 1);
    if (!pod.affinity().isEmpty()) {
      withAffinity.put(pod.uid(), pod);
    }
  }

  /** Counts a pod no more. */
  public void remove(String uid) {
    var pod = pods.remove(uid);
    if (pod != null) {
      withAffinity.remove(uid);
      count(pod, -1);
    }
  }

  private void count(PodInfo pod, int by) {
    pod.requests().forEach((resource, amount) -> requested.merge(resource, by * amount, Long::sum));
    usualCpu += by * pod.usual().cpu();
    usualMemory += by * pod.usual().memory();
    count(kinds, pod.kind(), by);
    count(groups, pod.group(), by);
    pod.affinity().far().forEach(term -> count(unwanted, term, by));
    pod.ports().forEach(port -> count(ports, port, by));
  }

  private static <K> void count(Map<K, Integer> counts, K key, int by) {
    counts.merge(key, by, (before, more) -> before + more == 0 ? null : before + more);
  }

  public Collection<PodInfo> pods() {
    return pods.values();
  }

  /** Returns the pods that have an affinity or anti-affinity to others. */
  public Collection<PodInfo> podsWithAffinity() {
    return withAffinity.values();
  }

  public int podCount() {
    return pods.size();
  }

  /** Returns how many pods of each kind run here. */
  public Map<Kind, Integer> kinds() {
    return kinds;
  }

  /** Returns how many pods of a group run here. */
  public int ofGroup(Object group) {
    return groups.getOrDefault(group, 0);
  }

  /** Returns the required anti-affinity terms of the pods here. */
  public Map<AffinityTerm, Integer> unwanted() {
    return unwanted;
  }

  public Map<String, String> labels() {
    return labels;
  }

  /** Returns the node's taints, with those that its readiness stands for. */
  public List<Taint> taints() {
    return taints;
  }

  /** Tells whether the node is cordoned. */
  public boolean unschedulable() {
    return unschedulable;
  }

  /** Returns how much pods may ask for in all; without a limit when the node names none. */
  public long allocatable(String resource) {
    var limit = allocatable.get(resource);
    if (limit == null) {
      // A kubelet that reports nothing at all has no limits; one that reports has no such device.
      return allocatable.isEmpty() ? Long.MAX_VALUE : 0;
    }
    return limit;
  }

  /** Returns how much the pods here ask for. */
  public long requested(String resource) {
    return requested.getOrDefault(resource, 0L);
  }

  /** Returns how many thousandths of a CPU the pods here are taken to use. */
  public long usualCpu() {
    return usualCpu;
  }

  /** Returns how much memory the pods here are taken to use. */
  public long usualMemory() {
    return usualMemory;
  }

  /** Returns how many pods the node runs at most. */
  public long podLimit() {
    return allocatable.getOrDefault("pods", Long.MAX_VALUE);
  }

  /** Tells whether none of these ports is taken. */
  public boolean hasFree(List<HostPort> wanted) {
    for (var taken : ports.keySet()) {
      for (var port : wanted) {
        if (port.conflictsWith(taken)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Returns the sizes of the images that are here. */
  public Map<String, Long> images() {
    return images;
  }
}
