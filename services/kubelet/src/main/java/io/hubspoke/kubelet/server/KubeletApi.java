package io.hubspoke.kubelet.server;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.delegation.Caller;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the kubelet's HTTPS API. Every path, {@code /healthz} and unknown ones included, is for
 * authenticated and authorized callers only. Connections live on an event loop; a request is paused
 * until it is decided whether its caller may make it.
 */
public final class KubeletApi {
  private static final Logger LOG = LoggerFactory.getLogger(KubeletApi.class);

  private final Vertx vertx;
  private final String nodeName;
  private final ServerOptions options;
  private final ReloadableKeys keys;
  private final ApiAuthentication authentication;
  private final ApiAuthorization authorization;
  private final Routes routes;
  private final Strangers strangers;
  private HttpServer server;

  /**
   * Makes the API of one kubelet.
   *
   * @param client the apiserver, which is asked about callers; null while there is no connection
   */
  public KubeletApi(
      Vertx vertx,
      ServerOptions options,
      ReloadableKeys keys,
      Supplier<ApiClient> client,
      NodeState node)
      throws IOException {
    this.vertx = vertx;
    this.nodeName = node.name();
    this.options = options;
    this.keys = keys;
    this.authentication = new ApiAuthentication(vertx, options, client);
    this.authorization = new ApiAuthorization(nodeName, options, client);
    this.routes = ApiRoutes.of(vertx, options, node);
    this.strangers =
        new Strangers(
            "--address, --port", Strangers.Limits.partOf(options.connectionLimits().most()));
  }

  /** Listens, on an event loop of its own choice; returns the port. */
  public Future<Integer> start() {
    HttpServerOptions http =
        new HttpServerOptions()
            .setHost(options.address())
            .setPort(options.port())
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
            // Ends an answer that nobody reads or writes, and streams that nobody uses.
            .setIdleTimeout(
                (int) Math.min(options.streamIdleTimeout().toMillis(), Integer.MAX_VALUE))
            .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
            .setTcpKeepAlive(true)
            .setMaxHeaderSize(64 << 10);
    ApiConnections connections = new ApiConnections(vertx, nodeName, options.connectionLimits());
    server =
        vertx
            .createHttpServer(
                Tls.announce(
                    Tls.serve(http, keys, authentication.authorities()), strangers::arrived))
            .connectionHandler(
                connection -> {
                  UpgradeServer.install(connection, http);
                  connections.opened(connection);
                })
            .requestHandler(
                request -> {
                  if (connections.requested(request)) {
                    handle(request);
                  }
                });
    ContextInternal loop = ((VertxInternal) vertx).createEventLoopContext();
    return loop.<Integer>future(
            listening ->
                loop.runOnContext(
                    v -> server.listen().map(HttpServer::actualPort).onComplete(listening)))
        .onSuccess(
            port ->
                authentication.follow(
                    authorities ->
                        Tls.nameIssuers(server, http, authorities)
                            .onFailure(
                                e ->
                                    LOG.error(
                                        "{}: --client-ca-file is not followed", nodeName, e))))
        .recover(
            e ->
                Future.failedFuture(
                    "--address, --port: cannot listen on %s:%d: %s"
                        .formatted(options.address(), options.port(), Component.reason(e))));
  }

  public Future<Void> stop() {
    authentication.stop();
    return server == null ? Future.succeededFuture() : server.close();
  }

  private void handle(HttpServerRequest request) {
    request.response().exceptionHandler(gone -> {});
    String path;
    try {
      path = new QueryStringDecoder(request.uri()).path();
    } catch (IllegalArgumentException e) {
      new Exchange(request, "", null, this::log).refuse(400, "400 Bad Request");
      return;
    }
    request.pause();
    Future<Caller> decided =
        authentication
            .authenticate(request)
            .compose(caller -> authorization.check(caller, request.method(), path));
    if (decided.isComplete()) {
      proceed(request, path, decided);
      return;
    }
    Context context = vertx.getOrCreateContext();
    decided.onComplete(result -> context.runOnContext(v -> proceed(request, path, result)));
  }

  private void proceed(HttpServerRequest request, String path, AsyncResult<Caller> decided) {
    if (decided.succeeded()) {
      if (!decided.result().equals(Caller.ANONYMOUS)) {
        strangers.known(Strangers.channel(request.connection()));
      }
      routes.serve(new Exchange(request, path, decided.result(), this::log));
    } else if (decided.cause() instanceof Refusal refusal) {
      new Exchange(request, path, refusal.caller(), this::log)
          .refuse(refusal.code(), refusal.getMessage());
    } else {
      LOG.warn("{}: cannot decide on a request", nodeName, decided.cause());
      new Exchange(request, path, null, this::log).refuse(500, "Internal Server Error");
    }
  }

  private void log(Access access) {
    LOG.debug("{}: {}", nodeName, access);
    options.accessListener().accept(access);
  }
}
