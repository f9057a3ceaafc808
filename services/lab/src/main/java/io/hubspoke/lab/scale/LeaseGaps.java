package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.Latencies;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How long leases go without being renewed. One that is late is counted when it is renewed, or when
 * somebody asks before that; one and the same silence once. Thread-safe.
 */
final class LeaseGaps {
  /** A lease is renewed after a quarter of its life; half as long again is late. */
  private static final double LATE = 1.5 / 4;

  /**
   * How leases were renewed in some time.
   *
   * @param renewals how many were seen
   * @param gaps between two of one lease, by the times that their kubelets gave
   * @param late renewals after 15 s, where they should come after 10 s, or not yet then
   * @param expired renewals after the lease had ended, 40 s, or not yet then
   */
  record Renewals(long renewals, Latencies gaps, long late, long expired) {}

  /** One lease since its last renewal. */
  private static final class Silence {
    private final Observed.LeaseSpec last;
    private final long since;
    private boolean late;
    private boolean expired;

    Silence(Observed.LeaseSpec last, long since) {
      this.last = last;
      this.since = since;
    }
  }

  private final LongSupplier nanoTime;
  private final Map<String, Silence> leases = new HashMap<>();
  private Latencies gaps = new Latencies();
  private long late;
  private long expired;

  LeaseGaps(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Takes note of a lease as it is now. */
  synchronized void seen(String name, Observed.LeaseSpec now) {
    if (now == null || now.renewTime() == null) {
      return;
    }
    var before = leases.get(name);
    if (before != null && before.last.renewTime().equals(now.renewTime())) {
      return;
    }
    if (before != null) {
      var gap =
          Duration.between(Instant.parse(before.last.renewTime()), Instant.parse(now.renewTime()));
      gaps.add(gap.toNanos());
      count(before, gap, now.leaseDurationSeconds());
    }
    leases.put(name, new Silence(now, nanoTime.getAsLong()));
  }

  /** Looks for a lease no more. */
  synchronized void forget(String name) {
    leases.remove(name);
  }

  /** Returns what happened since this was last asked. */
  synchronized Renewals renewals() {
    var now = nanoTime.getAsLong();
    leases
        .values()
        .forEach(
            silence ->
                count(
                    silence,
                    Duration.ofNanos(now - silence.since),
                    silence.last.leaseDurationSeconds()));
    var taken = gaps.take();
    var renewals = new Renewals(taken.count(), taken, late, expired);
    late = 0;
    expired = 0;
    return renewals;
  }

  private void count(Silence silence, Duration length, int life) {
    var seconds = length.toMillis() / 1000.0;
    if (seconds > life && !silence.expired) {
      silence.expired = true;
      expired++;
    }
    if (seconds > life * LATE && !silence.late) {
      silence.late = true;
      late++;
    }
  }
}
