package io.hubspoke.apiserver.http;

import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.X509ExtendedKeyManager;

/** Listens for HTTPS, HTTP/2 or HTTP/1.1 by ALPN, on one event loop. */
public final class ApiListener extends VerticleBase {
  // A page of a list is asked for with a token in the URL, and selectors can be long.
  private static final int MAX_HEADER_BYTES = 64 * 1024;
  private static final int MAX_CONCURRENT_STREAMS = 250;

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
   */
  public static HttpServerOptions options(
      String host, int port, X509ExtendedKeyManager keys, Collection<X509Certificate> clientCa) {
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
            .setHandle100ContinueAutomatically(true)
            .setSslHandshakeTimeout(10)
            .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
            .setTcpKeepAlive(true);
    return Tls.serve(options, keys, clientCa);
  }

  /** Returns the port, once started. */
  public int port() {
    return server.actualPort();
  }

  @Override
  public Future<?> start() {
    server =
        vertx
            .createHttpServer(options)
            .connectionHandler(connections::opened)
            .requestHandler(chain);
    return server.listen();
  }

  @Override
  public Future<?> stop() {
    return server.close();
  }
}
