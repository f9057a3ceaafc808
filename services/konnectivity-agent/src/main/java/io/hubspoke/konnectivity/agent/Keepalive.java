package io.hubspoke.konnectivity.agent;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Asks a server whether it is there, and ends the connection when it doesn't say so. */
final class Keepalive {
  /** What gRPC gives an answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Less is raised to this, as by gRPC: servers end connections that ask too often. */
  private static final Duration LEAST = Duration.ofSeconds(10);

  private final ContextInternal context;
  private final HttpConnection connection;
  private final long period;
  private long timer = -1;
  private boolean over;

  private Keepalive(ContextInternal context, HttpConnection connection, long period) {
    this.context = context;
    this.connection = connection;
    this.period = period;
  }

  /** Asks on a connection each time, until it is closed. */
  static Keepalive of(ContextInternal context, HttpConnection connection, Duration time) {
    var period = time.compareTo(LEAST) < 0 ? LEAST : time;
    var keepalive = new Keepalive(context, connection, period.toMillis());
    connection.closeHandler(
        v -> {
          keepalive.over = true;
          context.owner().cancelTimer(keepalive.timer);
        });
    keepalive.next();
    return keepalive;
  }

  private void next() {
    if (!over) {
      timer = context.setTimer(period, id -> ask());
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
