package io.hubspoke.controllermanager.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Says which taints a node's conditions call for ("Taint Nodes by Condition", "Taint based
 * Evictions").
 */
final class NodeTaints {
  static final String NO_EXECUTE = "NoExecute";
  private static final String NO_SCHEDULE = "NoSchedule";
  private static final String PREFIX = "node.kubernetes.io/";
  private static final String NOT_READY = PREFIX + "not-ready";
  private static final String UNREACHABLE = PREFIX + "unreachable";
  private static final String MEMORY = PREFIX + "memory-pressure";
  private static final String DISK = PREFIX + "disk-pressure";
  private static final String PIDS = PREFIX + "pid-pressure";
  private static final String NETWORK = PREFIX + "network-unavailable";
  private static final String UNSCHEDULABLE = PREFIX + "unschedulable";

  /** The taints that belong to this controller; all others belong to people. */
  private static final Set<String> OWN =
      Set.of(NOT_READY, UNREACHABLE, MEMORY, DISK, PIDS, NETWORK, UNSCHEDULABLE);

  private NodeTaints() {}

  /** Returns the taints that the node should have; empty when it has them already. */
  static Optional<List<Taint>> corrected(Node node, Instant now) {
    List<Taint> present = list(node);
    var wanted = wanted(node, now);
    var corrected = new ArrayList<Taint>();
    for (var taint : present) {
      if (!OWN.contains(taint.getKey())) {
        corrected.add(taint);
      } else if (wanted.removeIf(w -> same(w, taint))) {
        // As it is, with the time since when it is there.
        corrected.add(taint);
      }
    }
    var changed = !wanted.isEmpty() || corrected.size() != present.size();
    corrected.addAll(wanted);
    return changed ? Optional.of(corrected) : Optional.empty();
  }

  static List<Taint> list(Node node) {
    return node.getSpec() == null || node.getSpec().getTaints() == null
        ? List.of()
        : node.getSpec().getTaints();
  }

  private static List<Taint> wanted(Node node, Instant now) {
    var wanted = new ArrayList<Taint>();
    switch (NodeConditions.status(node, NodeConditions.READY)) {
      case "False" -> {
        wanted.add(taint(NOT_READY, NO_SCHEDULE, now));
        wanted.add(taint(NOT_READY, NO_EXECUTE, now));
      }
      case "Unknown" -> {
        wanted.add(taint(UNREACHABLE, NO_SCHEDULE, now));
        wanted.add(taint(UNREACHABLE, NO_EXECUTE, now));
      }
      // A node that has never reported keeps the taint that it was admitted with.
      case "" -> list(node).stream().filter(t -> NOT_READY.equals(t.getKey())).forEach(wanted::add);
      default -> {}
    }
    when(node, "MemoryPressure", MEMORY, now, wanted);
    when(node, "DiskPressure", DISK, now, wanted);
    when(node, "PIDPressure", PIDS, now, wanted);
    when(node, "NetworkUnavailable", NETWORK, now, wanted);
    if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
      wanted.add(taint(UNSCHEDULABLE, NO_SCHEDULE, now));
    }
    return wanted;
  }

  private static void when(
      Node node, String condition, String key, Instant now, List<Taint> wanted) {
    if (NodeConditions.status(node, condition).equals("True")) {
      wanted.add(taint(key, NO_SCHEDULE, now));
    }
  }

  private static Taint taint(String key, String effect, Instant now) {
    return new Taint(effect, key, now.toString(), null);
  }

  private static boolean same(Taint a, Taint b) {
    return a.getKey().equals(b.getKey()) && a.getEffect().equals(b.getEffect());
  }
}
