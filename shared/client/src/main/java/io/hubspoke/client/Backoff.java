package io.hubspoke.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Says how long to wait before the next attempt: twice as long after every failure up to a limit,
 * with jitter so that a thousand nodes do not come back at once. Not thread-safe.
 */
public final class Backoff {
  private final Duration first;
  private final Duration most;
  private Duration next;

  public Backoff(Duration first, Duration most) {
    this.first = first;
    this.most = most;
    this.next = first;
  }

  /** Returns the time to wait, between once and twice the current step, and doubles the step. */
  public Duration next() {
    Duration step = next;
    Duration twice = step.multipliedBy(2);
    next = twice.compareTo(most) > 0 ? most : twice;
    return step.plusMillis(ThreadLocalRandom.current().nextLong(step.toMillis() + 1));
  }

  /** Begins anew after a success. */
  public void reset() {
    next = first;
  }
}
