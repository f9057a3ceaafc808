package io.hubspoke.controllermanager.certificates;

import java.security.PublicKey;
import java.time.Duration;
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

  private record Newcomer(PublicKey key, long since) {}

  private final LongSupplier nanoTime;
  private final Map<String, Newcomer> byName = new HashMap<>();

  Newcomers(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Returns whether nobody with another key takes this name just now; takes it if so. */
  synchronized boolean isFirst(String name, PublicKey key) {
    var now = nanoTime.getAsLong();
    byName.values().removeIf(known -> now - known.since() > TIME_TO_JOIN.toNanos());
    return byName.computeIfAbsent(name, n -> new Newcomer(key, now)).key().equals(key);
  }

  /** From now on the node tells who has the name, and once it is deleted anybody may. */
  synchronized void joined(String name) {
    byName.remove(name);
  }
}
