package io.hubspoke.client;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;

/**
 * Says when a client may try to connect: after an attempt that failed not before a growing time has
 * passed, whoever asks. What a client does at once, such as ten watches, tries no more often than
 * one of them. Used on one event loop, but for {@link #isAway} and {@link #close}.
 */
final class ConnectionBackoff {
  private static final Duration FIRST = Duration.ofMillis(100);

  /** Short enough that nodes are back well before their leases count as old. */
  private static final Duration LONGEST = Duration.ofSeconds(2);

  /** A request that waits is to see more than one attempt before its own time is over. */
  private static final int ATTEMPTS_A_REQUEST = 4;

  private final ContextInternal loop;
  private final Backoff backoff;
  private long notBefore;
  private volatile boolean away;
  private volatile boolean closed;

  /**
   * Makes one that lets the first attempt begin at once.
   *
   * @param timeout of the client's requests
   */
  ConnectionBackoff(ContextInternal loop, Duration timeout) {
    this.loop = loop;
    Duration longest = timeout.dividedBy(ATTEMPTS_A_REQUEST);
    longest = longest.compareTo(LONGEST) < 0 ? longest : LONGEST;
    this.backoff = new Backoff(FIRST.compareTo(longest) < 0 ? FIRST : longest, longest);
  }

  /** Completes when the next attempt may begin. */
  Future<Void> turn() {
    long left = away ? notBefore - System.nanoTime() : 0;
    if (left <= 0) {
      return loop.succeededFuture();
    }
    Promise<Void> turn = loop.promise();
    loop.setTimer(Math.max(1, Duration.ofNanos(left).toMillis()), id -> turn.complete());
    return turn.future();
  }

  /** Takes note of an attempt that came to nothing, or of a connection that served nothing. */
  void failed() {
    away = !closed;
    notBefore = System.nanoTime() + backoff.next().toNanos();
  }

  /** Takes note of a connection: nobody has to wait. */
  void connected() {
    away = false;
  }

  /** Takes note of an answer: the server is there, which a connection alone does not show. */
  void answered() {
    backoff.reset();
  }

  /** Returns whether the last attempt failed, so that the next request waits for its turn. */
  boolean isAway() {
    return away;
  }

  /** Keeps nothing back any more: requests fail at once where the client is closed. */
  void close() {
    closed = true;
    away = false;
  }
}
