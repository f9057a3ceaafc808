package io.hubspoke.tunnel.konnectivity;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Asks whether the other end of a connection is still there, as gRPC's keepalive does. */
public final class Keepalive {
  /** What gRPC gives an answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Vertx vertx;
  private final HttpConnection connection;
  private final long period;
  private long timer = -1;
  private boolean over;

  private Keepalive(Vertx vertx, HttpConnection connection, long period) {
    this.vertx = vertx;
    this.connection = connection;
    this.period = period;
  }

  /**
   * Asks again and again until the connection is closed, and closes one that does not answer;
   * called on its context.
   */
  public static void watch(Vertx vertx, HttpConnection connection, Duration every) {
    var keepalive = new Keepalive(vertx, connection, every.toMillis());
    connection.closeHandler(
        v -> {
          keepalive.over = true;
          vertx.cancelTimer(keepalive.timer);
        });
    keepalive.next();
  }

  private void next() {
    if (!over) {
      timer = vertx.setTimer(period, id -> ask());
    }
  }

  private void ask() {
    connection
        .ping(Buffer.buffer().appendLong(ThreadLocalRandom.current().nextLong()))
        .timeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        .onSuccess(answer -> next())
        .onFailure(silent -> connection.close().otherwiseEmpty());
  }
}
