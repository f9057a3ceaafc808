package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a replica set lacks or has too much of.
 *
 * @param create how many pods
 * @param delete which pods
 */
record ReplicaPlan(int create, List<Pod> delete) {
  /** The most pods that are created or deleted before the informer has shown them. */
  static final int BURST = 500;

  /**
   * Plans.
   *
   * @param active the set's pods
   * @param related those of the sets that have the same owner as this one; asked only when some
   *     pods must be chosen
   */
  static ReplicaPlan of(
      int replicas, List<Pod> active, Supplier<Collection<Pod>> related, Instant now) {
    int surplus = active.size() - replicas;
    if (surplus <= 0) {
      return new ReplicaPlan(Math.min(-surplus, BURST), List.of());
    }
    int deleted = Math.min(surplus, BURST);
    return new ReplicaPlan(
        0,
        replicas == 0 && deleted == active.size()
            ? active
            : active.stream()
                .sorted(new DeletionOrder(related.get(), now))
                .limit(deleted)
                .toList());
  }
}
