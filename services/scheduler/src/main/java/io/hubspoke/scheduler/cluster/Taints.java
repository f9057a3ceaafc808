package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hubspoke.client.scheduling.Tolerations;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which pods a node's taints keep away ("Taints and Tolerations"). */
public final class Taints {
  private static final String NO_SCHEDULE = "NoSchedule";
  private static final String PREFER_NO_SCHEDULE = "PreferNoSchedule";

  /** What stands for a node that is cordoned. */
  public static final Taint UNSCHEDULABLE =
      new Taint(NO_SCHEDULE, "node.kubernetes.io/unschedulable", null, null);

  private static final String NOT_READY = "node.kubernetes.io/not-ready";
  private static final String UNREACHABLE = "node.kubernetes.io/unreachable";

  private Taints() {}

  /** Finds the first taint that keeps a pod with these tolerations away from a node. */
  public static Optional<Taint> untolerated(List<Taint> taints, List<Toleration> tolerations) {
    for (var taint : taints) {
      if (!PREFER_NO_SCHEDULE.equals(taint.getEffect()) && !tolerated(taint, tolerations)) {
        return Optional.of(taint);
      }
    }
    return Optional.empty();
  }

  /** Counts the taints that would rather not have the pod. */
  public static long unwelcome(List<Taint> taints, List<Toleration> tolerations) {
    long count = 0;
    for (var taint : taints) {
      if (PREFER_NO_SCHEDULE.equals(taint.getEffect()) && !tolerated(taint, tolerations)) {
        count++;
      }
    }
    return count;
  }

  /** Tells whether one of the tolerations is for a taint. */
  public static boolean tolerated(Taint taint, List<Toleration> tolerations) {
    for (var toleration : tolerations) {
      if (Tolerations.tolerates(toleration, taint)) {
        return true;
      }
    }
    return false;
  }

  /** The node's taints, with those that its readiness stands for before they are written. */
  public static List<Taint> of(Node node) {
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
    return List.copyOf(taints);
  }

  private static String ready(Node node) {
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
}
