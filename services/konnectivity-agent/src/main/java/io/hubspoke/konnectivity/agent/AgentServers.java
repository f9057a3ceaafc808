package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Strangers;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * What an agent serves of itself, in clear as the real one: health and metrics on one port, and the
 * admin port, which leads those who look for metrics there to the other.
 */
final class AgentServers {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final int IDLE_SECONDS = 60;

  /** Whoever asks here does not say who it is. */
  private static final Strangers.Limits LIMITS = new Strangers.Limits(128, Duration.ofHours(1));

  private final Vertx vertx;
  private final KonnectivityAgentOptions options;
  private final BooleanSupplier connected;
  private final AgentMetrics metrics;
  private final List<HttpServer> servers = new ArrayList<>();

  /**
   * Serves nothing yet.
   *
   * @param connected whether there is a server
   */
  AgentServers(
      Vertx vertx,
      KonnectivityAgentOptions options,
      BooleanSupplier connected,
      AgentMetrics metrics) {
    this.vertx = vertx;
    this.options = options;
    this.connected = connected;
    this.metrics = metrics;
  }

  /** Serves; fails with a message that names the flags when an address can't be had. */
  Future<Void> start() {
    return Future.all(
            listen("--health-server-host, --health-server-port", options.health(), this::health),
            listen("--admin-bind-address, --admin-server-port", options.admin(), this::admin))
        .mapEmpty();
  }

  private Future<Void> listen(
      String flags, Optional<SocketAddress> at, Handler<HttpServerRequest> handler) {
    if (at.isEmpty()) {
      return Future.succeededFuture();
    }
    var strangers = new Strangers(flags, LIMITS);
    var server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setIdleTimeout(IDLE_SECONDS)
                    .setIdleTimeoutUnit(TimeUnit.SECONDS))
            .connectionHandler(
                connection ->
                    strangers.arrived(
                        ((ConnectionBase) connection).channelHandlerContext().channel()))
            .requestHandler(handler);
    servers.add(server);
    return server
        .listen(at.get())
        .<Void>mapEmpty()
        .recover(
            e ->
                Future.failedFuture(
                    "%s: cannot listen on %s: %s".formatted(flags, at.get(), Component.reason(e))));
  }

  Future<Void> stop() {
    return Future.join(servers.stream().map(HttpServer::close).toList()).mapEmpty();
  }

  private void health(HttpServerRequest request) {
    switch (request.path()) {
      case "/healthz" -> answer(request, 200, TEXT, "ok");
      // The first is the old name.
      case "/ready", "/readyz" -> ready(request);
      case "/metrics" -> answer(request, 200, Exposition.TYPE, metrics.scrape());
      case null, default -> answer(request, 404, TEXT, "404 page not found\n");
    }
  }

  private void ready(HttpServerRequest request) {
    if (!connected.getAsBoolean()) {
      answer(request, 503, TEXT, "[+]ping ok\n[-]server-connected failed: no servers connected\n");
    } else if (request.params().contains("verbose")) {
      answer(request, 200, TEXT, "[+]ping ok\n[+]server-connected ok\ncheck passed\n");
    } else {
      answer(request, 200, TEXT, "ok");
    }
  }

  private void admin(HttpServerRequest request) {
    var authority = request.authority();
    if ("/metrics".equals(request.path()) && options.health().isPresent() && authority != null) {
      var host = authority.host();
      request
          .response()
          .setStatusCode(301)
          .putHeader(
              "Location",
              "http://%s:%d/metrics"
                  .formatted(
                      host.indexOf(':') < 0 || host.startsWith("[") ? host : "[" + host + "]",
                      options.health().get().port()))
          .end();
    } else {
      answer(request, 404, TEXT, "404 page not found\n");
    }
  }

  private static void answer(HttpServerRequest request, int code, String type, String text) {
    var body = Buffer.buffer(text);
    var response =
        request
            .response()
            .exceptionHandler(gone -> {})
            .setStatusCode(code)
            .putHeader("Content-Type", type)
            .putHeader("X-Content-Type-Options", "nosniff");
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("Content-Length", String.valueOf(body.length())).end();
    } else {
      response.end(body);
    }
  }
}
