package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.controllermanager.workloads.PodState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** A daemon set's pods by node, and what the nodes lack or have too many of. */
final class Placement {
  private final DaemonSpec set;
  private final Map<String, Eligibility> nodes = new LinkedHashMap<>();
  private final Map<String, List<Pod>> pods = new LinkedHashMap<>();

  Placement(DaemonSpec set, Collection<Node> all, Collection<Pod> owned) {
    this.set = set;
    all.stream()
        .sorted(java.util.Comparator.comparing(node -> node.getMetadata().getName()))
        .forEach(node -> nodes.put(node.getMetadata().getName(), Eligibility.of(set, node)));
    owned.stream()
        // One that has ended holds no place while it goes away.
        .filter(pod -> !(DaemonPods.hasEnded(pod) && PodState.isDeleting(pod)))
        .sorted(DaemonPods.BY_AGE)
        .forEach(
            pod ->
                DaemonPods.node(pod)
                    .ifPresent(
                        node -> pods.computeIfAbsent(node, n -> new ArrayList<>()).add(pod)));
  }

  /** Returns the nodes that are to have a pod, and the others that have one, with their pods. */
  Map<String, List<Pod>> byNode() {
    var all = new LinkedHashMap<String, List<Pod>>();
    nodes.forEach(
        (node, eligibility) -> {
          if (eligibility == Eligibility.RUN || pods.containsKey(node)) {
            all.put(node, on(node));
          }
        });
    pods.forEach(all::putIfAbsent);
    return all;
  }

  /** Returns how many nodes are to have a pod. */
  int wanted() {
    return (int) nodes.values().stream().filter(e -> e == Eligibility.RUN).count();
  }

  Map<String, Eligibility> nodes() {
    return nodes;
  }

  /** Returns a node's pods, the one that stays of several first. */
  List<Pod> on(String node) {
    return pods.getOrDefault(node, List.of());
  }

  /**
   * Says which nodes lack a pod and which pods are too many.
   *
   * @param spent says of a pod that has ended whether it makes room for another now
   */
  Plan plan(String hash, Instant now, Predicate<Pod> spent) {
    var delete = new ArrayList<Pod>();
    var create = new ArrayList<String>();
    nodes.forEach(
        (node, eligibility) -> {
          var present = on(node);
          switch (eligibility) {
            case NONE ->
                present.stream().filter(pod -> !PodState.isDeleting(pod)).forEach(delete::add);
            case RUN, KEEP -> {
              if (!present.isEmpty()) {
                tidy(present, hash, now, spent, delete);
              }
              if (eligibility == Eligibility.RUN && lacks(present)) {
                create.add(node);
              }
            }
          }
        });
    // Those that no node was found for, and none will be: theirs is gone.
    var known = new HashSet<>(nodes.keySet());
    pods.forEach(
        (node, meant) -> {
          if (!known.contains(node)) {
            meant.stream()
                .filter(pod -> !DaemonPods.isBound(pod) && !PodState.isDeleting(pod))
                .forEach(delete::add);
          }
        });
    return new Plan(delete, create);
  }

  /** A surging set doesn't wait for a pod that goes away. */
  private boolean lacks(List<Pod> present) {
    return present.isEmpty()
        || (set.surges()
            && present.stream().allMatch(p -> PodState.isDeleting(p) || DaemonPods.hasEnded(p)));
  }

  private void tidy(
      List<Pod> present, String hash, Instant now, Predicate<Pod> spent, List<Pod> delete) {
    var running = new ArrayList<Pod>();
    for (var pod : present) {
      if (PodState.isDeleting(pod)) {
        continue;
      }
      if (!DaemonPods.hasEnded(pod)) {
        running.add(pod);
      } else if (spent.test(pod)) {
        delete.add(pod);
      }
    }
    if (running.size() <= 1) {
      return;
    }
    if (set.surges()) {
      keepOneOfEach(running, hash, now, delete);
    } else {
      delete.addAll(running.subList(1, running.size()));
    }
  }

  /** Two stay while the old one serves and the new one doesn't yet. */
  private void keepOneOfEach(List<Pod> running, String hash, Instant now, List<Pod> delete) {
    Pod fresh = null;
    Pod old = null;
    for (var pod : running) {
      var labels = pod.getMetadata().getLabels();
      if (labels != null && hash.equals(labels.get(DaemonPods.HASH))) {
        if (fresh == null) {
          fresh = pod;
        } else {
          delete.add(pod);
        }
      } else if (old == null) {
        old = pod;
      } else {
        delete.add(pod);
      }
    }
    if (fresh != null
        && old != null
        && (!PodState.isReady(old) || PodState.isAvailable(fresh, set.minReadySeconds(), now))) {
      delete.add(old);
    }
  }
}
