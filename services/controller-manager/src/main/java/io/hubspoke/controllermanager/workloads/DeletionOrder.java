package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/**
 * Says which pods are missed the least, by the rules for scaling down in "ReplicaSet" ("Scaling a
 * ReplicaSet") and "pod-deletion-cost": not placed, not running, not ready, cheap, crowded, young,
 * often restarted. Ages are compared by their order of magnitude, so that it is not always the
 * youngest that go.
 */
final class DeletionOrder implements Comparator<Pod> {
  static final String COST = "controller.kubernetes.io/pod-deletion-cost";

  private final Map<String, Integer> podsByNode = new HashMap<>();
  private final Instant now;

  /**
   * Makes an order.
   *
   * @param related pods that spread over the same nodes as those compared, which are among them
   */
  DeletionOrder(Collection<Pod> related, Instant now) {
    this.now = now;
    for (var pod : related) {
      if (PodState.isActive(pod)) {
        podsByNode.merge(node(pod), 1, Integer::sum);
      }
    }
  }

  @Override
  public int compare(Pod one, Pod other) {
    // Total, unlike the real one, whose ties go to UIDs before all is compared.
    int order = Boolean.compare(isPlaced(one), isPlaced(other));
    order = order != 0 ? order : Integer.compare(phase(one), phase(other));
    order = order != 0 ? order : Boolean.compare(PodState.isReady(one), PodState.isReady(other));
    order = order != 0 ? order : Integer.compare(cost(one), cost(other));
    order = order != 0 ? order : Integer.compare(crowd(other), crowd(one));
    order = order != 0 ? order : Long.compare(readyFor(one), readyFor(other));
    order = order != 0 ? order : Integer.compare(restarts(other), restarts(one));
    order = order != 0 ? order : Long.compare(age(one), age(other));
    return order != 0 ? order : one.getMetadata().getUid().compareTo(other.getMetadata().getUid());
  }

  private static boolean isPlaced(Pod pod) {
    return !node(pod).isEmpty();
  }

  private static String node(Pod pod) {
    return pod.getSpec().getNodeName() == null ? "" : pod.getSpec().getNodeName();
  }

  private static int phase(Pod pod) {
    return switch (PodState.phase(pod)) {
      case "Running" -> 2;
      case "Unknown" -> 1;
      default -> 0;
    };
  }

  private static int cost(Pod pod) {
    var annotations = pod.getMetadata().getAnnotations();
    var cost = annotations == null ? null : annotations.get(COST);
    try {
      return cost == null ? 0 : Integer.parseInt(cost);
    } catch (NumberFormatException e) {
      // The apiserver takes none that is malformed, and one from before it looked counts as none.
      return 0;
    }
  }

  private int crowd(Pod pod) {
    return podsByNode.getOrDefault(node(pod), 0);
  }

  private long readyFor(Pod pod) {
    return PodState.isReady(pod) ? magnitude(PodState.readySince(pod)) : 0;
  }

  private long age(Pod pod) {
    return magnitude(PodState.time(pod.getMetadata().getCreationTimestamp()));
  }

  /** Returns the power of two of the milliseconds since then. */
  private long magnitude(Instant since) {
    return since == null || !since.isBefore(now)
        ? -1
        : Long.SIZE - Long.numberOfLeadingZeros(Duration.between(since, now).toMillis());
  }

  private static int restarts(Pod pod) {
    return pod.getStatus() == null
        ? 0
        : pod.getStatus().getContainerStatuses().stream()
            .map(ContainerStatus::getRestartCount)
            .mapToInt(count -> count == null ? 0 : count)
            .max()
            .orElse(0);
  }
}
