package io.hubspoke.controllermanager.daemonsets;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Says when a pod that failed may be replaced: at once the first time, then after twice as long
 * each time, up to a quarter of an hour. Thread-safe.
 */
final class FailedPods {
  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofMinutes(15);

  /** Failures count together while the set asks for the same on the same node. */
  record Place(String uid, int generation, String node) {}

  private record Wait(Duration length, Instant since) {}

  private final Map<Place, Wait> waits = new HashMap<>();

  /** Returns how long to wait before a pod is replaced; zero when it may be, which counts. */
  synchronized Duration left(Place place, Instant now) {
    waits.values().removeIf(wait -> wait.since.plus(LONGEST.multipliedBy(2)).isBefore(now));
    var before = waits.get(place);
    if (before == null) {
      waits.put(place, new Wait(FIRST, now));
      return Duration.ZERO;
    }
    var left = Duration.between(now, before.since.plus(before.length));
    if (left.isPositive()) {
      return left;
    }
    var twice = before.length.multipliedBy(2);
    waits.put(place, new Wait(twice.compareTo(LONGEST) > 0 ? LONGEST : twice, now));
    return Duration.ZERO;
  }
}
