package io.hubspoke.apiserver.http;

import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.X509ExtendedKeyManager;

/** Listens for HTTPS, HTTP/2 or HTTP/1.1 by ALPN, on one event loop. */
public final class ApiListener extends VerticleBase {
  // A page of a list is asked for with a token in the URL, and selectors can be long.
  private static final int MAX_HEADER_BYTES = 64 * 1024;
  private static final int MAX_CONCURRENT_STREAMS = 250;
  // A client that cancels each request it makes ("rapid reset", CVE-2023-44487) is cut off; one
  // that ends many watches at a time must not be.
  private static final int MAX_RESETS_PER_WINDOW = 1_000;
  private static final int RESET_WINDOW_SECONDS = 10;

  private final HttpServerOptions options;
  private final ApiConnections connections;
  private final Handler<HttpServerRequest> chain;
  private HttpServer server;

  public ApiListener(
      HttpServerOptions options, ApiConnections connections, Handler<HttpServerRequest> chain) {
    this.options = options;
    this.connections = connections;
    this.chain = chain;
  }

  /**
   * Returns options that serve with these keys and ask clients for a certificate.
   *
   * @param clientCa authorities that clients are told of; any certificate passes the handshake, and
   *     the authenticator judges it
   * @param handshake how long a client may take over its TLS handshake
   */
  public static HttpServerOptions options(
      String host,
      int port,
      X509ExtendedKeyManager keys,
      Collection<X509Certificate> clientCa,
      Duration handshake) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(host)
            .setPort(port)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setMaxInitialLineLength(MAX_HEADER_BYTES)
            .setInitialSettings(
                new Http2Settings()
                    .setMaxConcurrentStreams(MAX_CONCURRENT_STREAMS)
                    .setMaxHeaderListSize(MAX_HEADER_BYTES))
            .setHttp2RstFloodMaxRstFramePerWindow(MAX_RESETS_PER_WINDOW)
            .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
            .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
            .setHandle100ContinueAutomatically(true)
            .setSslHandshakeTimeout(handshake.toMillis())
            .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
            .setTcpKeepAlive(true);
    return Tls.serve(options, keys, clientCa);
  }

  /** Tells clients of these authorities from the next handshake on, of whichever listener. */
  public Future<Void> nameIssuers(Collection<X509Certificate> clientCa) {
    return Tls.nameIssuers(server, options, clientCa);
  }

  /** Returns the port, once started. */
  public int port() {
    return server.actualPort();
  }

  @Override
  public Future<?> start() {
    Tls.announce(options, connections::arrived);
    server = vertx.createHttpServer(options).connectionHandler(this::opened).requestHandler(chain);
    return server
        .listen()
        .recover(
            e ->
                Future.failedFuture(
                    "--bind-address, --secure-port: cannot listen on %s:%d: %s"
                        .formatted(options.getHost(), options.getPort(), Component.reason(e))));
  }

  private void opened(HttpConnection connection) {
    UpgradeServer.install(connection, new StrictRequestDecoder(options));
    connections.opened(connection);
  }

  @Override
  public Future<?> stop() {
    return server.close();
  }
}
