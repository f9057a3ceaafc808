package io.hubspoke.konnectivity.agent;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.tunnel.konnectivity.TunnelledConnection;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.time.Duration;

/** A connection with a target that a server has asked for: joins it with its end in the tunnel. */
final class EndpointConnection {
  /** How long a target may take to end a connection whose other end has gone. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private EndpointConnection() {}

  /**
   * Moves bytes both ways. The tunnel has no half-close: when either end has said its last, the
   * connection is over once that has been delivered.
   *
   * @param context where both live
   * @return completes, or fails, when the target's socket is closed
   */
  static Future<Void> join(ContextInternal context, TunnelledConnection tunnelled, Duplex target) {
    // Each way's failure is told to the other end by itself.
    var _ = DuplexJoin.move(target, tunnelled);
    DuplexJoin.move(tunnelled, target)
        .onComplete(
            (moved, broken) -> {
              if (broken == null) {
                linger(context, target);
              }
            });
    return target
        .closed()
        .onComplete(
            (closed, broken) ->
                tunnelled
                    .fail(broken == null ? new IOException("connection reset") : broken)
                    .otherwiseEmpty());
  }

  /** Nobody reads any more: a target that goes on is told so, as a closed socket would. */
  private static void linger(ContextInternal context, Duplex target) {
    if (target.closed().isComplete()) {
      return;
    }
    var timer = context.setTimer(LINGER.toMillis(), id -> target.reset().otherwiseEmpty());
    target.handler(bytes -> target.reset().otherwiseEmpty());
    target.resume();
    target.closed().onComplete(closed -> context.owner().cancelTimer(timer));
  }
}
