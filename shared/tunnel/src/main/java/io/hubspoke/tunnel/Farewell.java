package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Ends a connection of which nobody wants to hear any more, as the kernel does for a TCP socket
 * that was closed: what was written still arrives, and then its end. If more comes from the far
 * end, or if it doesn't end its own way in time, the connection is reset.
 */
final class Farewell {
  /** What Linux gives the far end of a closed socket ({@code tcp_fin_timeout}). */
  private static final int LONGEST_SECONDS = 60;

  private Farewell() {}

  static void say(Duplex connection, EventLoop eventLoop) {
    ScheduledFuture<?> patience =
        eventLoop.schedule(() -> reset(connection), LONGEST_SECONDS, TimeUnit.SECONDS);
    connection.closed().onComplete(done -> patience.cancel(false));
    connection.drainHandler(v -> {});
    connection.exceptionHandler(broken -> {});
    connection.endHandler(v -> {});
    connection.handler(tooLate -> reset(connection));
    connection.end().onFailure(broken -> reset(connection));
    connection.resume();
  }

  /** Ends it at once. */
  static void reset(Duplex connection) {
    connection.reset().otherwiseEmpty();
  }
}
