package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Service;
import io.hubspoke.client.Item;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Finds out when the oldest of the changes happened that a service's endpoints are computed anew
 * for, by which the time is measured that they take to reach every node.
 */
final class TriggerTimes {
  /** Where the time is told, of slices and Endpoints objects. */
  static final String ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time";

  private record Seen(Instant service, Map<String, Instant> pods) {}

  private final Map<Item.Key, Seen> seen = new HashMap<>();

  /** Returns the time, and remembers what has been seen; null when nothing has a new time. */
  Instant next(Item.Key key, Service service, Collection<BackendPod> pods) {
    var times = new HashMap<String, Instant>();
    pods.forEach(pod -> times.put(pod.name(), pod.readySince()));
    var created = OffsetDateTime.parse(service.getMetadata().getCreationTimestamp()).toInstant();
    var before = seen.put(key, new Seen(created, times));
    if (before == null) {
      // Its pods may have been there long before it.
      return created;
    }
    var oldest = created.isAfter(before.service) ? created : Instant.MAX;
    for (var pod : times.entrySet()) {
      var known = before.pods.getOrDefault(pod.getKey(), Instant.MIN);
      if (pod.getValue().isAfter(known) && pod.getValue().isBefore(oldest)) {
        oldest = pod.getValue();
      }
    }
    return oldest.equals(Instant.MAX) ? null : oldest;
  }

  void forget(Item.Key key) {
    seen.remove(key);
  }

  /** Writes the time into annotations, or takes an old one out. */
  static void annotate(Map<String, String> annotations, Instant time) {
    if (time == null) {
      annotations.remove(ANNOTATION);
    } else {
      annotations.put(ANNOTATION, time.toString());
    }
  }
}
