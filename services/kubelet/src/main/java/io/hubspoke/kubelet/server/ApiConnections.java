package io.hubspoke.kubelet.server;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows the open connections of the kubelet's API, refuses one too many, and closes those that
 * nobody uses. A connection with an answer under way, such as a log that is followed, stays.
 */
final class ApiConnections {
  private static final Logger LOG = LoggerFactory.getLogger(ApiConnections.class);

  private final Vertx vertx;
  private final String nodeName;
  private final ConnectionLimits limits;
  private final Map<HttpConnection, Use> open = new ConcurrentHashMap<>();

  ApiConnections(Vertx vertx, String nodeName, ConnectionLimits limits) {
    this.vertx = vertx;
    this.nodeName = nodeName;
    this.limits = limits;
  }

  /** Takes a connection on, when its handshake is done. */
  void opened(HttpConnection connection) {
    connection.exceptionHandler(
        e -> LOG.debug("{}: {} broke: {}", nodeName, connection.remoteAddress(), e.getMessage()));
    if (open.size() >= limits.most()) {
      LOG.warn(
          "{}: refused {}: there are {} connections already",
          nodeName,
          connection.remoteAddress(),
          limits.most());
      connection.close().otherwiseEmpty();
      return;
    }
    Use use = new Use(connection);
    open.put(connection, use);
    // The channel tells also of one that has left HTTP for streams.
    if (connection instanceof ConnectionBase base) {
      base.channel().closeFuture().addListener(closed -> closed(use));
    } else {
      connection.closeHandler(v -> closed(use));
    }
    use.closeAfter(limits.firstRequest());
  }

  private void closed(Use use) {
    open.remove(use.connection);
    use.closed();
  }

  /**
   * Notes that a whole request head has come; the request ends with its answer.
   *
   * @return false when its connection is being closed: what came before that is not answered
   */
  boolean requested(HttpServerRequest request) {
    Use use = open.get(request.connection());
    if (use == null) {
      return false;
    }
    use.requestBegan();
    AtomicBoolean over = new AtomicBoolean();
    // Called for the end of the answer, or of the connection before it.
    request.response().endHandler(v -> ended(use, over));
    if (request.response().closed()) {
      ended(use, over);
    }
    return true;
  }

  private static void ended(Use use, AtomicBoolean over) {
    if (over.compareAndSet(false, true)) {
      use.requestEnded();
    }
  }

  /** How one connection is used; called by several threads. */
  private final class Use {
    private static final long NO_TIMER = -1;

    private final HttpConnection connection;
    private int active;
    private boolean closed;
    private long timer = NO_TIMER;

    Use(HttpConnection connection) {
      this.connection = connection;
    }

    synchronized void requestBegan() {
      active++;
      cancelTimer();
    }

    synchronized void requestEnded() {
      if (--active == 0) {
        closeAfter(limits.idle());
      }
    }

    synchronized void closed() {
      closed = true;
      cancelTimer();
    }

    synchronized void closeAfter(Duration time) {
      cancelTimer();
      if (!closed) {
        timer = vertx.setTimer(time.toMillis(), id -> closeUnused(id));
      }
    }

    private void closeUnused(long id) {
      synchronized (this) {
        if (timer != id || active > 0) {
          return;
        }
        timer = NO_TIMER;
      }
      // One that closed before it was taken on has told nobody.
      open.remove(connection);
      connection.close().otherwiseEmpty();
    }

    private void cancelTimer() {
      if (timer != NO_TIMER) {
        vertx.cancelTimer(timer);
        timer = NO_TIMER;
      }
    }
  }
}
