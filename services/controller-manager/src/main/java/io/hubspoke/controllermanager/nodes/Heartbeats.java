package io.hubspoke.controllermanager.nodes;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Remembers when each node was last heard of, by this process' own clock: clocks of nodes differ,
 * so only a change counts, not the time written in it.
 */
final class Heartbeats {
  private record Heard(String status, String lease, long at) {}

  private final Map<String, Heard> nodes = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;

  Heartbeats(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Takes note of what a node shows, and returns how long it has been silent.
   *
   * @param status last heartbeat in its Ready condition; null without one
   * @param lease last renewal of its lease; null without one
   */
  Duration silence(String node, String status, String lease) {
    var now = nanoTime.getAsLong();
    var heard =
        nodes.compute(
            node,
            (name, before) ->
                before == null
                        || !Objects.equals(before.status, status)
                        || !Objects.equals(before.lease, lease)
                    ? new Heard(status, lease, now)
                    : before);
    return Duration.ofNanos(now - heard.at);
  }

  /**
   * Counts a node's silence from now on: whoever can't hear must not judge. Otherwise all nodes
   * were lost at once when the apiserver comes back after a while.
   */
  void excuse(String node) {
    var now = nanoTime.getAsLong();
    nodes.computeIfPresent(node, (name, heard) -> new Heard(heard.status, heard.lease, now));
  }

  void forget(String node) {
    nodes.remove(node);
  }
}
