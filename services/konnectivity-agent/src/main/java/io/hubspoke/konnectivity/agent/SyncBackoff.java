package io.hubspoke.konnectivity.agent;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Says how long to wait for the next attempt: half as long again after each failure up to the cap,
 * and less by up to a half, so that agents which lose a server together don't come back together.
 * Not thread-safe.
 */
final class SyncBackoff {
  private static final int JITTER = 2;

  private final Syncing syncing;
  private Duration step;

  SyncBackoff(Syncing syncing) {
    this.syncing = syncing;
    this.step = syncing.interval();
  }

  /** Returns the time to wait after a failure. */
  Duration failed() {
    var now = step;
    var longer = step.multipliedBy(3).dividedBy(2);
    step = longer.compareTo(syncing.cap()) > 0 ? syncing.cap() : longer;
    return jittered(now);
  }

  /** Returns the time to wait when all was well. */
  Duration succeeded() {
    step = syncing.interval();
    return jittered(step);
  }

  private static Duration jittered(Duration most) {
    var least = most.toMillis() / JITTER;
    return Duration.ofMillis(
        Math.max(1, least + ThreadLocalRandom.current().nextLong(most.toMillis() - least + 1)));
  }
}
