package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which pods a node's taints keep away ("Taints and Tolerations"). */
final class Taints {
  static final String NO_SCHEDULE = "NoSchedule";
  static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
  private static final String NOT_READY = "node.kubernetes.io/not-ready";
  private static final String UNREACHABLE = "node.kubernetes.io/unreachable";

  private Taints() {}

  /** Finds the first taint that keeps a pod with these tolerations away from a node. */
  static Optional<Taint> untolerated(Node node, List<Toleration> tolerations) {
    return of(node).stream()
        .filter(taint -> !"PreferNoSchedule".equals(taint.getEffect()))
        .filter(taint -> tolerations.stream().noneMatch(t -> tolerates(t, taint)))
        .findFirst();
  }

  /** Counts the taints that would rather not have the pod. */
  static long unwelcome(Node node, List<Toleration> tolerations) {
    return of(node).stream()
        .filter(taint -> "PreferNoSchedule".equals(taint.getEffect()))
        .filter(taint -> tolerations.stream().noneMatch(t -> tolerates(t, taint)))
        .count();
  }

  static boolean tolerates(Toleration toleration, Taint taint) {
    if (!isEmpty(toleration.getEffect()) && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    if (!isEmpty(toleration.getKey()) && !toleration.getKey().equals(taint.getKey())) {
      return false;
    }
    return switch (toleration.getOperator() == null ? "Equal" : toleration.getOperator()) {
      case "Exists" -> true;
      case "Equal", "" ->
          !isEmpty(toleration.getKey())
              && orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue()));
      default -> false;
    };
  }

  /** The node's taints, with those that its readiness stands for before they are written. */
  private static List<Taint> of(Node node) {
    var taints = new ArrayList<Taint>();
    if (node.getSpec() != null && node.getSpec().getTaints() != null) {
      taints.addAll(node.getSpec().getTaints());
    }
    var ready = ready(node);
    if (!ready.equals("True")) {
      var key = ready.equals("Unknown") ? UNREACHABLE : NOT_READY;
      if (taints.stream().noneMatch(t -> key.equals(t.getKey()))) {
        taints.add(new Taint(NO_SCHEDULE, key, null, null));
      }
    }
    return taints;
  }

  static String ready(Node node) {
    var status = node.getStatus();
    if (status == null || status.getConditions() == null) {
      return "False";
    }
    return status.getConditions().stream()
        .filter(c -> "Ready".equals(c.getType()))
        .map(NodeCondition::getStatus)
        .findFirst()
        .orElse("False");
  }

  private static boolean isEmpty(String value) {
    return value == null || value.isEmpty();
  }

  private static String orEmpty(String value) {
    return value == null ? "" : value;
  }
}
