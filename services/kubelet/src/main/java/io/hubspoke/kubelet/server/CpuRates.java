package io.hubspoke.kubelet.server;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** Works out processor rates between two looks at a counter, which are a second apart or more. */
final class CpuRates {
  private static final Duration LEAST = Duration.ofSeconds(1);

  private record Look(Instant at, long cpuNanos, OptionalLong rate) {}

  private final Map<String, Look> looks = new HashMap<>();

  /** Takes note of a counter; returns nanocores, or empty the first time. */
  synchronized OptionalLong see(String name, Instant at, long cpuNanos) {
    Look before = looks.get(name);
    if (before == null || cpuNanos < before.cpuNanos) {
      looks.put(name, new Look(at, cpuNanos, OptionalLong.empty()));
      return OptionalLong.empty();
    }
    Duration time = Duration.between(before.at, at);
    if (time.compareTo(LEAST) < 0) {
      return before.rate;
    }
    OptionalLong rate =
        OptionalLong.of((long) ((cpuNanos - before.cpuNanos) * 1e9 / time.toNanos()));
    looks.put(name, new Look(at, cpuNanos, rate));
    return rate;
  }

  /** Forgets all others. */
  synchronized void keep(Set<String> names) {
    looks.keySet().retainAll(names);
  }
}
