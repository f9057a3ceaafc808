package io.hubspoke.controllermanager.certificates;

import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Remembers who was let in by which name and has yet to show up as a node: until then the name has
 * no node that would tell another newcomer from the first. Thread-safe.
 */
final class Newcomers {
  /** Joining takes seconds; who is let in and never comes must not keep the name for ever. */
  static final Duration TIME_TO_JOIN = Duration.ofMinutes(1);

  private record Newcomer(PublicKey key, long since, Instant letIn) {}

  private final LongSupplier nanoTime;
  private final InstantSource clock;
  private final Map<String, Newcomer> byName = new HashMap<>();

  Newcomers(LongSupplier nanoTime, InstantSource clock) {
    this.nanoTime = nanoTime;
    this.clock = clock;
  }

  /** Returns whether nobody with another key takes this name just now; takes it if so. */
  synchronized boolean isFirst(String name, PublicKey key) {
    var now = nanoTime.getAsLong();
    byName.values().removeIf(known -> now - known.since() > TIME_TO_JOIN.toNanos());
    return byName
        .computeIfAbsent(name, n -> new Newcomer(key, now, clock.instant()))
        .key()
        .equals(key);
  }

  /** From now on the node tells who has the name, and once it is deleted anybody may. */
  synchronized void joined(String name) {
    byName.remove(name);
  }

  /**
   * The same of a node that is heard of, perhaps late: one that is older than the newcomer has
   * nothing to do with it.
   *
   * @param created when the node was, to the second
   */
  synchronized void joined(String name, Instant created) {
    var known = byName.get(name);
    if (known != null && !created.isBefore(known.letIn().truncatedTo(ChronoUnit.SECONDS))) {
      byName.remove(name);
    }
  }
}
