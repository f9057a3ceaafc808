package io.hubspoke.scheduler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Says how many nodes are not for a pod, and why, as Kubernetes words it. */
final class FitError {
  private final int nodes;
  private final Map<String, Integer> reasons = new HashMap<>();

  FitError(int nodes) {
    this.nodes = nodes;
  }

  /** Counts the reasons of a node. */
  FitError add(List<String> ofNode) {
    ofNode.forEach(reason -> add(reason, 1));
    return this;
  }

  /** Counts nodes that have the same reason. */
  FitError add(String reason, int count) {
    if (count > 0) {
      reasons.merge(reason, count, Integer::sum);
    }
    return this;
  }

  String message() {
    Collection<String> counted = new ArrayList<>();
    reasons.forEach((reason, count) -> counted.add(count + " " + reason));
    return message(String.join(", ", counted.stream().sorted().toList()));
  }

  /** Gives a reason that holds for the pod whatever the node. */
  String message(String reason) {
    return "0/" + nodes + " nodes are available: " + reason + ".";
  }
}
