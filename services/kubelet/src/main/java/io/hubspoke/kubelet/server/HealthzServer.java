package io.hubspoke.kubelet.server;

import io.hubspoke.runtime.StatusServer;
import io.hubspoke.runtime.StatusServer.Page;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code /healthz} on a port of its own, in clear and to whoever is on this machine: that
 * the process answers. A port that somebody else has is tried again and again, as the real kubelet
 * does, whose node is none the worse for it.
 */
public final class HealthzServer {
  private static final Logger LOG = LoggerFactory.getLogger(HealthzServer.class);
  private static final Duration RETRY = Duration.ofSeconds(5);

  private final Vertx vertx;
  private final SocketAddress at;
  private final Duration retry;
  private StatusServer server;
  private long timer = -1;
  private boolean told;
  private boolean stopped;

  public HealthzServer(Vertx vertx, SocketAddress at) {
    this(vertx, at, RETRY);
  }

  HealthzServer(Vertx vertx, SocketAddress at, Duration retry) {
    this.vertx = vertx;
    this.at = at;
    this.retry = retry;
  }

  /** Begins to try; completes after the first time, whatever came of it. */
  public synchronized Future<Void> start() {
    if (stopped) {
      return Future.succeededFuture();
    }
    server =
        new StatusServer(
            vertx,
            "--healthz-bind-address, --healthz-port",
            Map.of("/healthz", HealthzServer::all, "/healthz/ping", HealthzServer::ping));
    return server.listen(at).<Void>mapEmpty().recover(this::again);
  }

  private synchronized Future<Void> again(Throwable failure) {
    if (!told) {
      told = true;
      LOG.warn("{}; trying again every {} s", failure.getMessage(), retry.toSeconds());
    }
    if (!stopped) {
      timer = vertx.setTimer(retry.toMillis(), due -> startIfFree());
    }
    return Future.succeededFuture();
  }

  /** Vert.x keeps a server that could not listen, so that none is made before the port is free. */
  private void startIfFree() {
    vertx.executeBlocking(this::look).compose(free -> start()).recover(this::again);
  }

  private Void look() throws IOException {
    try (var _ = new ServerSocket(at.port(), 1, InetAddress.ofLiteral(at.host()))) {
      return null;
    }
  }

  private static Page all(HttpServerRequest request) {
    return Page.text(
        200, request.params().contains("verbose") ? "[+]ping ok\nhealthz check passed\n" : "ok");
  }

  private static Page ping(HttpServerRequest request) {
    return Page.text(200, "ok");
  }

  /** Listens and tries no more. */
  public synchronized Future<Void> stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    return server == null ? Future.succeededFuture() : server.close();
  }
}
