package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Where a pod goes, or why it goes nowhere. */
sealed interface Placement {
  record Chosen(String node) implements Placement {}

  /** The message is worded as Kubernetes words it. */
  record Unschedulable(String message) implements Placement {}

  /** Why one node is not for the pod; one that removing other pods could cure is curable. */
  record Refusal(String reason, boolean curable) {}

  /**
   * Chooses among the nodes that may run the pod the one with the fewest pods of its kind, then the
   * fewest pods, so that replicas and load spread.
   */
  static Placement of(Pod pod, Collection<NodeInfo> infos) {
    var nodes = infos.stream().filter(info -> info.node() != null).toList();
    if (nodes.isEmpty()) {
      return new Unschedulable("no nodes available to schedule pods");
    }
    var refusals = new TreeMap<String, Refusal>();
    var feasible =
        nodes.stream()
            .filter(
                info -> {
                  var refusal = refusal(pod, info);
                  if (refusal != null) {
                    refusals.put(name(info), refusal);
                  }
                  return refusal == null;
                })
            .toList();
    var tolerations = tolerations(pod);
    return feasible.stream()
        .min(
            Comparator.<NodeInfo>comparingLong(i -> Taints.unwelcome(i.node(), tolerations))
                .thenComparingLong(info -> info.alike(pod))
                .thenComparingInt(NodeInfo::podCount)
                .thenComparing(Placement::name))
        .<Placement>map(info -> new Chosen(name(info)))
        .orElseGet(() -> new Unschedulable(message(refusals.values())));
  }

  /** Returns why the node is not for the pod, or null; in the order of Kubernetes' filters. */
  private static Refusal refusal(Pod pod, NodeInfo info) {
    var node = info.node();
    var tolerations = tolerations(pod);
    if (Boolean.TRUE.equals(node.getSpec() == null ? null : node.getSpec().getUnschedulable())) {
      var taint = new Taint(Taints.NO_SCHEDULE, Taints.UNSCHEDULABLE, null, null);
      if (tolerations.stream().noneMatch(t -> Taints.tolerates(t, taint))) {
        return new Refusal("node(s) were unschedulable", false);
      }
    }
    var taint = Taints.untolerated(node, tolerations);
    if (taint.isPresent()) {
      var value = taint.get().getValue() == null ? "" : taint.get().getValue();
      return new Refusal(
          "node(s) had untolerated taint {" + taint.get().getKey() + ": " + value + "}", false);
    }
    if (!Affinity.matches(pod, node)) {
      return new Refusal("node(s) didn't match Pod's node affinity/selector", false);
    }
    if (!info.hasPortsFor(pod)) {
      return new Refusal("node(s) didn't have free ports for the requested pod ports", true);
    }
    if (info.podCount() + 1 > info.podLimit()) {
      return new Refusal("Too many pods", true);
    }
    for (var request : Requests.of(pod).entrySet()) {
      if (request.getValue() > 0 && request.getValue() > info.free(request.getKey())) {
        return new Refusal("Insufficient " + request.getKey(), true);
      }
    }
    return null;
  }

  private static String message(Collection<Refusal> refusals) {
    var count = refusals.size();
    var reasons = tally(refusals.stream().map(Refusal::reason).toList());
    // Kubernetes adds what preemption would do; here, where no pod has a priority, it finds none.
    var preemption =
        tally(
            refusals.stream()
                .map(
                    refusal ->
                        refusal.curable
                            ? "No preemption victims found for incoming pod"
                            : "Preemption is not helpful for scheduling")
                .toList());
    return "0/%d nodes are available: %s. preemption: 0/%d nodes are available: %s."
        .formatted(count, reasons, count, preemption);
  }

  private static String tally(List<String> reasons) {
    Map<String, Long> counts =
        reasons.stream().collect(Collectors.groupingBy(r -> r, Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static List<Toleration> tolerations(Pod pod) {
    var tolerations = pod.getSpec().getTolerations();
    return tolerations == null ? List.of() : tolerations;
  }

  private static String name(NodeInfo info) {
    return info.node().getMetadata().getName();
  }
}
