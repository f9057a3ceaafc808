package io.hubspoke.kubeproxy.health;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.metrics.ProxyMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The servers that tell of the proxy: health for whoever asks, metrics for this machine alone. */
public final class ProxyServers {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

  private final List<HttpListener> listeners = new ArrayList<>();
  private final boolean hardFail;

  /**
   * Makes them.
   *
   * @param mode who forwards, as {@code --proxy-mode} says it
   * @param configz the settings in use
   */
  public ProxyServers(
      Vertx vertx,
      KubeProxyOptions options,
      ProxyHealth health,
      ProxyMetrics metrics,
      Supplier<String> mode,
      Supplier<ObjectNode> configz) {
    hardFail = options.bindAddressHardFail();
    options
        .healthz()
        .ifPresent(
            at ->
                listeners.add(
                    new HttpListener(vertx, "health", at, request -> health(request, health))));
    options
        .metrics()
        .ifPresent(
            at ->
                listeners.add(
                    new HttpListener(
                        vertx,
                        "metrics",
                        at,
                        request -> metrics(vertx, request, metrics, mode, configz))));
  }

  /** Serves; fails only when it must be served at once and cannot be. */
  public Future<Void> start() {
    return Future.all(
            listeners.stream()
                .map(listener -> hardFail ? listener.bind() : listener.bindInTheEnd())
                .toList())
        .mapEmpty();
  }

  public Future<Void> stop() {
    return Future.join(listeners.stream().map(HttpListener::close).toList()).mapEmpty();
  }

  private static void health(HttpServerRequest request, ProxyHealth health) {
    switch (request.path()) {
      case "/healthz" -> health.healthz(request);
      case "/livez" -> health.livez(request);
      case null, default -> notFound(request);
    }
  }

  private static void metrics(
      Vertx vertx,
      HttpServerRequest request,
      ProxyMetrics metrics,
      Supplier<String> mode,
      Supplier<ObjectNode> configz) {
    switch (request.path()) {
      case "/metrics" ->
          // Hundreds of lines, not to be put together while others wait for the loop.
          vertx
              .executeBlocking(metrics::scrape, false)
              .onSuccess(text -> HttpListener.answer(request, 200, EXPOSITION, text))
              .onFailure(e -> HttpListener.answer(request, 500, TEXT, "500 not measured\n"));
      case "/healthz" -> HttpListener.answer(request, 200, TEXT, "ok");
      case "/proxyMode" -> HttpListener.answer(request, 200, TEXT, mode.get());
      case "/configz" ->
          HttpListener.answer(request, 200, "application/json", configz.get().toString());
      case null, default -> notFound(request);
    }
  }

  private static void notFound(HttpServerRequest request) {
    HttpListener.answer(request, 404, TEXT, "404 page not found\n");
  }
}
