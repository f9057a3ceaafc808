package io.hubspoke.konnectivity.server;

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
import java.util.function.Supplier;

/** What a server says of itself, in clear as the real one: health on one port, metrics on both. */
final class StatusServers {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final int IDLE_SECONDS = 60;

  /** Whoever asks here does not say who it is. */
  private static final Strangers.Limits LIMITS = new Strangers.Limits(128, Duration.ofHours(1));

  private final Vertx vertx;
  private final BooleanSupplier ready;
  private final Supplier<String> metrics;
  private final List<HttpServer> servers = new ArrayList<>();

  StatusServers(Vertx vertx, BooleanSupplier ready, Supplier<String> metrics) {
    this.vertx = vertx;
    this.ready = ready;
    this.metrics = metrics;
  }

  /** Serves; fails with a message that names the flags when an address can't be had. */
  Future<Void> start(Optional<SocketAddress> health, Optional<SocketAddress> admin) {
    return Future.all(
            listen("--health-bind-address, --health-port", health, this::health),
            listen("--admin-bind-address, --admin-port", admin, this::admin))
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
    return Listening.named(flags, at.get(), server.listen(at.get())).mapEmpty();
  }

  Future<Void> stop() {
    return Future.join(servers.stream().map(HttpServer::close).toList()).mapEmpty();
  }

  private void health(HttpServerRequest request) {
    switch (request.path()) {
      case "/healthz" -> answer(request, 200, TEXT, "ok");
      case "/ready", "/readyz" -> {
        if (ready.getAsBoolean()) {
          answer(request, 200, TEXT, "ok");
        } else {
          answer(request, 500, TEXT, "no connection to any proxy agent");
        }
      }
      case null, default -> admin(request);
    }
  }

  private void admin(HttpServerRequest request) {
    if ("/metrics".equals(request.path())) {
      answer(request, 200, Exposition.TYPE, metrics.get());
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
