package io.hubspoke.apiserver.http;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.Set;

/**
 * Bounds the requests under way, reading and changing ones apart ({@code --max-requests-inflight},
 * {@code --max-mutating-requests-inflight}), those whose body is still on its way, and each user's
 * watches; in the spirit of the real apiserver's priority and fairness.
 *
 * <p>Of each kind, a user gets a quarter of the places, and another quarter is kept for nodes and
 * the control plane, so that no client stops all others. Who finds no place waits for one, not for
 * long and in a short queue; levels of priority take turns, and in each its users, however long
 * their queues: what a thousand nodes write about their pods holds back neither the scheduler nor
 * the leases of nodes and leaders. {@code system:masters} and probes of health are exempt.
 */
public final class InFlightLimits {
  /** Requests of one user that wait at a time (the real one's {@code queueLengthLimit}). */
  static final int LONGEST_QUEUE = 50;

  /** A node has some watches, a controller manager has dozens; no honest user has this many. */
  static final int MOST_WATCHES = 2_000;

  private static final Set<String> PROBES = Set.of("/healthz", "/livez", "/readyz");

  private final Places reading;
  private final Places mutating;
  private final Places arriving;
  private final Places watching = new Places(Integer.MAX_VALUE, MOST_WATCHES, 0);

  /** Sets the limits; 0 means none. */
  public InFlightLimits(int mostReading, int mostMutating) {
    this.reading = places(mostReading);
    this.mutating = places(mostMutating);
    this.arriving = places(mostMutating);
  }

  private static Places places(int most) {
    return new Places(most, Math.max(1, most / 4), LONGEST_QUEUE);
  }

  static boolean reads(RequestInfo info) {
    return switch (info.verb()) {
      case "get", "list", "watch", "head", "options" -> true;
      default -> false;
    };
  }

  /** Returns how long a request may wait for a place. */
  static Duration longestWait(Duration timeout) {
    // As long as the real one's: a quarter of what the request has.
    return timeout.dividedBy(4);
  }

  /**
   * Takes a place for a request that has come as a whole.
   *
   * @return the place, now or when one is free; fails with 429 when too many wait already
   */
  Admission enter(RequestInfo info, User user) {
    if (!info.resourceRequest() && PROBES.contains(info.path())) {
      return new Admission(Future.succeededFuture(() -> {}), () -> {});
    }
    return (reads(info) ? reading : mutating).take(user, Level.of(info, user));
  }

  /** Takes a place for a request whose body is yet to come; otherwise as {@link #enter}. */
  Admission arrive(RequestInfo info, User user) {
    return arriving.take(user, Level.of(info, user));
  }

  /** Takes a place for a watch or another stream, or fails with 429 at once. */
  Admission stream(RequestInfo info, User user) {
    return watching.take(user, Level.of(info, user));
  }

  public int reading() {
    return reading.taken();
  }

  public int mutating() {
    return mutating.taken();
  }

  /**
   * A request's way in.
   *
   * @param place what gives the place back, once there is one; completes on any thread
   * @param giveUp ends the waiting with a 429; does nothing once there is a place
   */
  record Admission(Future<Runnable> place, Runnable giveUp) {}
}
