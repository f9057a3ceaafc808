package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.StatusServer;
import io.hubspoke.runtime.StatusServer.Page;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * What an agent serves of itself, in clear as the real one: health and metrics on one port, and the
 * admin port, which leads those who look for metrics there to the other.
 */
final class AgentServers {
  private final KonnectivityAgentOptions options;
  private final BooleanSupplier connected;
  private final StatusServer health;
  private final StatusServer admin;

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
    this.options = options;
    this.connected = connected;
    this.health =
        new StatusServer(
            vertx,
            "--health-server-host, --health-server-port",
            Map.of(
                "/healthz",
                request -> Page.text(200, "ok"),
                // The old name.
                "/ready",
                this::ready,
                "/readyz",
                this::ready,
                "/metrics",
                request -> Page.metrics(metrics.scrape())));
    this.admin =
        new StatusServer(
            vertx,
            "--admin-bind-address, --admin-server-port",
            Map.of("/metrics", this::metricsElsewhere));
  }

  /** Serves; fails with a message that names the flags when an address can't be had. */
  Future<Void> start() {
    return Future.all(health.listen(options.health()), admin.listen(options.admin())).mapEmpty();
  }

  Future<Void> stop() {
    return Future.join(health.close(), admin.close()).mapEmpty();
  }

  private Page ready(HttpServerRequest request) {
    if (!connected.getAsBoolean()) {
      return Page.text(503, "[+]ping ok\n[-]server-connected failed: no servers connected\n");
    }
    return Page.text(
        200,
        request.params().contains("verbose")
            ? "[+]ping ok\n[+]server-connected ok\ncheck passed\n"
            : "ok");
  }

  private Page metricsElsewhere(HttpServerRequest request) {
    var authority = request.authority();
    if (options.health().isEmpty() || authority == null) {
      return Page.text(404, "404 page not found\n");
    }
    var host = authority.host();
    return Page.movedTo(
        "http://%s:%d/metrics"
            .formatted(
                host.indexOf(':') < 0 || host.startsWith("[") ? host : "[" + host + "]",
                options.health().get().port()));
  }
}
