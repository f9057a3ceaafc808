package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.StatusServer;
import io.hubspoke.runtime.StatusServer.Page;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** What a server says of itself, in clear as the real one: health on one port, metrics on both. */
final class StatusServers {
  private final Vertx vertx;
  private final BooleanSupplier ready;
  private final Supplier<String> metrics;
  private final List<StatusServer> servers = new ArrayList<>();

  StatusServers(Vertx vertx, BooleanSupplier ready, Supplier<String> metrics) {
    this.vertx = vertx;
    this.ready = ready;
    this.metrics = metrics;
  }

  /** Serves; fails with a message that names the flags when an address can't be had. */
  Future<Void> start(Optional<SocketAddress> health, Optional<SocketAddress> admin) {
    return Future.all(
            listen(
                "--health-bind-address, --health-port",
                health,
                Map.of(
                    "/healthz",
                    request -> Page.text(200, "ok"),
                    "/ready",
                    this::ready,
                    "/readyz",
                    this::ready,
                    "/metrics",
                    this::metrics)),
            listen("--admin-bind-address, --admin-port", admin, Map.of("/metrics", this::metrics)))
        .mapEmpty();
  }

  private Future<Integer> listen(
      String flags,
      Optional<SocketAddress> at,
      Map<String, Function<HttpServerRequest, Page>> pages) {
    if (at.isEmpty()) {
      return Future.succeededFuture();
    }
    var server = new StatusServer(vertx, flags, pages);
    servers.add(server);
    return server.listen(at.get());
  }

  Future<Void> stop() {
    return Future.join(servers.stream().map(StatusServer::close).toList()).mapEmpty();
  }

  private Page ready(HttpServerRequest request) {
    return ready.getAsBoolean()
        ? Page.text(200, "ok")
        : Page.text(500, "no connection to any proxy agent");
  }

  private Page metrics(HttpServerRequest request) {
    return Page.metrics(metrics.get());
  }
}
