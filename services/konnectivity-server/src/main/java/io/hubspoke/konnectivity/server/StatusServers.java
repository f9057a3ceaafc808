package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.StatusServer;
import io.hubspoke.runtime.StatusServer.Page;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What a server says of itself, in clear as the real one: health on one port, metrics on both. */
final class StatusServers {
  private final BooleanSupplier ready;
  private final Supplier<String> metrics;
  private final StatusServer health;
  private final StatusServer admin;

  StatusServers(Vertx vertx, BooleanSupplier ready, Supplier<String> metrics) {
    this.ready = ready;
    this.metrics = metrics;
    this.health =
        new StatusServer(
            vertx,
            "--health-bind-address, --health-port",
            Map.of(
                "/healthz",
                request -> Page.text(200, "ok"),
                "/ready",
                this::ready,
                "/readyz",
                this::ready,
                "/metrics",
                this::metrics));
    this.admin =
        new StatusServer(
            vertx, "--admin-bind-address, --admin-port", Map.of("/metrics", this::metrics));
  }

  /** Serves; fails with a message that names the flags when an address can't be had. */
  Future<Void> start(Optional<SocketAddress> healthAt, Optional<SocketAddress> adminAt) {
    return Future.all(health.listen(healthAt), admin.listen(adminAt)).mapEmpty();
  }

  Future<Void> stop() {
    return Future.join(health.close(), admin.close()).mapEmpty();
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
