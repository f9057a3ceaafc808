package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.GoDuration;
import java.time.Duration;

/**
 * How an agent comes to be connected with every server, and stays so.
 *
 * @param interval first time between two attempts
 * @param cap longest time that this grows to while attempts fail
 * @param probeInterval how often connections are looked at, should their end have been missed
 * @param forever goes on looking when there are as many as the servers have said
 * @param source how many servers there are, when leases say otherwise
 * @param leases null when they are not counted
 */
public record Syncing(
    Duration interval,
    Duration cap,
    Duration probeInterval,
    boolean forever,
    ServerCountSource source,
    LeaseCounting leases) {
  /** The real agent's defaults. */
  public static final Syncing DEFAULT =
      new Syncing(
          Duration.ofSeconds(1),
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          false,
          ServerCountSource.DEFAULT,
          null);

  public Syncing {
    if (interval.compareTo(cap) > 0) {
      throw new IllegalArgumentException(
          "--sync-interval must not be longer than --sync-interval-cap, but %s is longer than %s"
              .formatted(GoDuration.format(interval), GoDuration.format(cap)));
    }
    if (!interval.isPositive() || !probeInterval.isPositive()) {
      throw new IllegalArgumentException(
          "--sync-interval and --probe-interval must be longer than 0s");
    }
  }

  public Syncing withIntervals(Duration first, Duration longest) {
    return new Syncing(first, longest, probeInterval, forever, source, leases);
  }

  /** Goes on looking for servers. */
  public Syncing withForever() {
    return new Syncing(interval, cap, probeInterval, true, source, leases);
  }

  /** Counts leases. */
  public Syncing withLeases(LeaseCounting counting, ServerCountSource how) {
    return new Syncing(interval, cap, probeInterval, forever, how, counting);
  }
}
