package io.hubspoke.kubeproxy.health;

import io.hubspoke.client.Backoff;
import io.hubspoke.runtime.StatusServer;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves HTTP in clear at one address, as kube-proxy's servers do. An address that cannot be bound
 * is tried again after a growing time. Thread-safe.
 */
public final class HttpListener {
  private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(500);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final String what;
  private final SocketAddress address;
  private final Handler<HttpServerRequest> handler;
  private final Backoff backoff = new Backoff(FIRST_RETRY, LONGEST_RETRY);
  private HttpServer server;
  private Future<?> attempt = Future.succeededFuture();
  private long retry = -1;
  private boolean told;
  private boolean closed;

  /**
   * Makes one that serves nothing yet.
   *
   * @param what is served, for the log
   */
  public HttpListener(
      Vertx vertx, String what, SocketAddress address, Handler<HttpServerRequest> handler) {
    this.vertx = vertx;
    this.what = what;
    this.address = address;
    this.handler = handler;
  }

  /** Binds the address; fails when that cannot be done, and tries no more. */
  public Future<Void> bind() {
    return listen().mapEmpty();
  }

  /** Binds the address, now or later. */
  public Future<Void> bindInTheEnd() {
    return listen().onFailure(this::again).<Void>mapEmpty().otherwiseEmpty();
  }

  private synchronized Future<?> listen() {
    if (closed) {
      return Future.failedFuture("closed");
    }
    server =
        StatusServer.forStrangers(vertx, what)
            .requestHandler(handler)
            // Whoever sends no HTTP is told so by the server; there is nothing else to do.
            .exceptionHandler(e -> LOG.debug("{}: {}", what, e.getMessage()));
    attempt = server.listen(address);
    return attempt;
  }

  private synchronized void again(Throwable failure) {
    if (closed) {
      return;
    }
    if (!told) {
      told = true;
      LOG.warn("{} cannot be served at {}: {}; tried again", what, address, failure.getMessage());
    }
    retry = vertx.setTimer(backoff.next().toMillis(), id -> listen().onFailure(this::again));
  }

  /** Returns the port that is bound, 0 when none is. */
  public synchronized int port() {
    return server == null || !attempt.succeeded() ? 0 : server.actualPort();
  }

  /** Serves no more. */
  public synchronized Future<Void> close() {
    closed = true;
    vertx.cancelTimer(retry);
    if (server == null) {
      return Future.succeededFuture();
    }
    var open = server;
    return attempt.otherwiseEmpty().compose(done -> open.close()).otherwiseEmpty();
  }

  /** Answers with a body of a type. */
  static void answer(HttpServerRequest request, int code, String type, String body) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", type)
        .putHeader("X-Content-Type-Options", "nosniff")
        .end(Buffer.buffer(body));
  }
}
