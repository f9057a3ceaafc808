package io.hubspoke.kubelet;

import io.hubspoke.kubelet.ApiAuthentication.Caller;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the kubelet's HTTPS API. Every path, {@code /healthz} included, is for authenticated and
 * authorized callers only. Runs on virtual threads: handlers may wait.
 */
final class KubeletApi {
  private static final Logger LOG = LoggerFactory.getLogger(KubeletApi.class);
  private static final String LOGS = "/containerLogs/";

  private final Vertx vertx;
  private final KubeletOptions options;
  private final ReloadableKeys keys;
  private final ApiAuthentication authentication;
  private final ApiAuthorization authorization;
  private final Pods pods;
  private HttpServer server;

  /** Makes the API of one kubelet. */
  KubeletApi(
      Vertx vertx,
      KubeletOptions options,
      ReloadableKeys keys,
      ApiAuthentication authentication,
      ApiAuthorization authorization,
      Pods pods) {
    this.vertx = vertx;
    this.options = options;
    this.keys = keys;
    this.authentication = authentication;
    this.authorization = authorization;
    this.pods = pods;
  }

  /** Listens; called on a virtual-thread context, which requests are then answered on. */
  Future<Integer> start() {
    HttpServerOptions http =
        new HttpServerOptions()
            .setHost(options.address())
            .setPort(options.port())
            .setUseAlpn(true)
            .setAlpnVersions(
                List.of(
                    io.vertx.core.http.HttpVersion.HTTP_2, io.vertx.core.http.HttpVersion.HTTP_1_1))
            // As long as the real kubelet gives one answer; ends one that nobody reads or writes.
            .setIdleTimeout(4 * 60 * 60)
            .setTcpKeepAlive(true)
            .setMaxHeaderSize(64 << 10);
    ApiConnections connections =
        new ApiConnections(vertx, options.nodeName(), options.connectionLimits());
    server =
        vertx
            .createHttpServer(Tls.serve(http, keys, authentication.authorities()))
            .connectionHandler(connections::opened)
            .requestHandler(
                request -> {
                  connections.requested(request);
                  handle(request);
                });
    return server
        .listen()
        .map(HttpServer::actualPort)
        .recover(
            e ->
                Future.failedFuture(
                    "--address, --port: cannot listen on %s:%d: %s"
                        .formatted(options.address(), options.port(), Component.reason(e))));
  }

  Future<Void> stop() {
    return server == null ? Future.succeededFuture() : server.close();
  }

  private void handle(HttpServerRequest request) {
    request.response().exceptionHandler(gone -> {});
    Optional<Caller> caller = authentication.authenticate(request);
    if (caller.isEmpty()) {
      answer(request, null, 401, "Unauthorized");
      return;
    }
    ApiAuthorization.Question question =
        ApiAuthorization.question(caller.get(), request.method(), request.path());
    boolean allowed;
    try {
      allowed = authorization.allows(question);
    } catch (RuntimeException e) {
      LOG.warn("{}: cannot authorize: {}", options.nodeName(), e.getMessage());
      answer(
          request,
          caller.get(),
          500,
          "Authorization error (user=%s, verb=%s, resource=nodes, subresource=%s)"
              .formatted(caller.get().name(), question.verb(), question.subresource()));
      return;
    }
    if (!allowed) {
      answer(
          request,
          caller.get(),
          403,
          "Forbidden (user=%s, verb=%s, resource=nodes, subresource=%s)\n"
              .formatted(caller.get().name(), question.verb(), question.subresource()));
      return;
    }
    route(request, caller.get());
  }

  private void route(HttpServerRequest request, Caller caller) {
    String path = request.path();
    boolean logs = path.startsWith(LOGS);
    // The other paths take any method, as the real kubelet's do.
    if ((logs || path.equals("/pods") || path.equals("/pods/"))
        && !HttpMethod.GET.equals(request.method())) {
      request.response().putHeader("Allow", "GET");
      answer(request, caller, 405, "405: Method Not Allowed");
      return;
    }
    if (logs) {
      int code = new ContainerLogs(vertx, pods).serve(request, path.substring(LOGS.length()));
      observe(request, caller, code);
      return;
    }
    switch (path) {
      case "/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop" ->
          answer(request, caller, 200, "ok");
      case "/pods", "/pods/" -> {
        request.response().putHeader("Content-Type", "application/json");
        answer(request, caller, 200, pods.list());
      }
      case "/metrics" -> {
        request.response().putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        answer(request, caller, 200, pods.metrics());
      }
      default -> answer(request, caller, 404, "404 page not found\n");
    }
  }

  private void answer(HttpServerRequest request, Caller caller, int code, String body) {
    if (!request.response().headers().contains("Content-Type")) {
      request.response().putHeader("Content-Type", "text/plain; charset=utf-8");
    }
    request.response().setStatusCode(code).end(body);
    observe(request, caller, code);
  }

  private void observe(HttpServerRequest request, Caller caller, int code) {
    Access access =
        new Access(
            request.method().name(),
            request.path(),
            caller == null ? "" : caller.name(),
            caller == null ? List.of() : caller.groups(),
            String.valueOf(request.remoteAddress()),
            code);
    LOG.debug("{}: {}", options.nodeName(), access);
    options.accessListener().accept(access);
  }
}
