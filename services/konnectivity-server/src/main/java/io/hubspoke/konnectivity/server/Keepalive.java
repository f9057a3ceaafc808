package io.hubspoke.konnectivity.server;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;

/** Asks whether the other end of a connection is still there, as gRPC's keepalive does. */
final class Keepalive {
  /** gRPC's time for the answer. */
  private static final long ANSWER_MILLIS = 20_000;

  private Keepalive() {}

  /** Asks again and again, and closes a connection that does not answer. */
  static void watch(Vertx vertx, HttpConnection connection, Duration every) {
    long timer = vertx.setPeriodic(every.toMillis(), t -> ask(vertx, connection));
    connection.closeHandler(v -> vertx.cancelTimer(timer));
  }

  private static void ask(Vertx vertx, HttpConnection connection) {
    long limit =
        vertx.setTimer(
            ANSWER_MILLIS,
            t -> {
              // It is not told, since nobody is there.
              connection.close().otherwiseEmpty();
            });
    connection.ping(Buffer.buffer(new byte[8])).onComplete(answered -> vertx.cancelTimer(limit));
  }
}
