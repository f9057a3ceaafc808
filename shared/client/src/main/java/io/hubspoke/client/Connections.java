package io.hubspoke.client;

import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.impl.CleanableHttpClient;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to one server that show the same certificate: one, where the server knows HTTP/2.
 * Used on one event loop, but for {@link #cut} and {@link #close}.
 *
 * <p>While there is none, one request dials and the others wait for what becomes of it; Vert.x's
 * pool would let each of them dial in turn.
 */
final class Connections {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** As client-go's health check of HTTP/2 connections: a ping after 30 s, 15 s to answer it. */
  private static final Duration PING_INTERVAL = Duration.ofSeconds(30);

  private static final Duration PING_TIMEOUT = Duration.ofSeconds(15);

  /** How long requests in flight keep a connection whose credentials were replaced. */
  private static final Duration DRAIN = Duration.ofSeconds(30);

  /** Requests that wait for a connection; more would only fill memory. */
  private static final int MOST_WAITING = 1024;

  private final ClientConfig config;
  private final ContextInternal loop;
  private final ConnectionBackoff backoff;
  private final HttpClient http;

  /** Who closes the client with themselves: the context on which it was made, or Vert.x. */
  private final CloseFuture holder;

  private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();

  /** Those that take requests: not told by the server that it takes no more. */
  private final Set<HttpConnection> usable = new HashSet<>();

  private final Set<HttpConnection> served = new HashSet<>();
  private Future<Void> dialing;
  private int opening;
  private Consumer<Connections> drained;

  Connections(
      ContextInternal loop,
      ClientConfig config,
      X509ExtendedTrustManager trust,
      Credentials credentials,
      ConnectionBackoff backoff) {
    this.loop = loop;
    this.config = config;
    this.backoff = backoff;
    ContextInternal maker = loop.owner().getContext();
    this.holder = maker == null ? loop.owner().closeFuture() : maker.closeFuture();
    this.http =
        http(
            credentials instanceof Credentials.Certificate(var identity)
                ? new ReloadableKeys(identity)
                : null,
            trust);
  }

  private HttpClient http(ReloadableKeys keys, X509ExtendedTrustManager trust) {
    HttpClientOptions options =
        new HttpClientOptions()
            .setDefaultHost(config.server().getHost())
            .setDefaultPort(config.port())
            .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis())
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
            // A paused watch holds back its own stream; the connection's window must not close.
            .setHttp2ConnectionWindowSize(4 << 20)
            .setInitialSettings(new Http2Settings().setInitialWindowSize(256 << 10))
            .setTcpKeepAlive(true)
            .setVerifyHost(!config.insecureSkipTlsVerify());
    if (!config.localAddress().isEmpty()) {
      options.setLocalAddress(config.localAddress());
    }
    PoolOptions pool =
        new PoolOptions()
            .setHttp2MaxSize(1)
            .setHttp1MaxSize(32)
            .setMaxWaitQueueSize(MOST_WAITING)
            .setCleanerPeriod((int) Duration.ofSeconds(30).toMillis());
    return loop.owner()
        .httpClientBuilder()
        .with(Tls.connect(options, keys, trust))
        .with(pool)
        .withConnectHandler(connection -> loop.execute(connection, this::opened))
        .build();
  }

  /** Opens a request and sends it. */
  Future<HttpClientResponse> send(
      RequestOptions options, Function<HttpClientRequest, Future<HttpClientResponse>> sending) {
    if (opening >= MOST_WAITING) {
      return loop.failedFuture(
          new IOException(opening + " requests wait for a connection to " + config.server()));
    }
    opening++;
    Future<HttpClientRequest> request = request(options);
    Future<HttpClientResponse> response = request.compose(sending);
    response.onSuccess(this::answered);
    request.onComplete(
        opened -> {
          opening--;
          shutdown();
        });
    return response;
  }

  private Future<HttpClientRequest> request(RequestOptions options) {
    if (!usable.isEmpty()) {
      return http.request(options);
    }
    if (dialing != null) {
      // That connection may have ended meanwhile; Vert.x's pool would dial at once.
      return dialing.compose(v -> request(options));
    }
    Future<HttpClientRequest> dialer = backoff.turn().compose(v -> http.request(options));
    // Before those who wait hear of it, so that who then tries again begins another attempt.
    dialer.onComplete(
        done -> {
          dialing = null;
          if (done.failed()) {
            backoff.failed();
          }
        });
    Future<Void> attempt = dialer.mapEmpty();
    if (!dialer.isComplete()) {
      dialing = attempt;
    }
    return dialer;
  }

  private void answered(HttpClientResponse response) {
    backoff.answered();
    HttpConnection connection = response.request().connection();
    if (open.contains(connection)) {
      served.add(connection);
    }
  }

  private void opened(HttpConnection connection) {
    open.add(connection);
    usable.add(connection);
    backoff.connected();
    try {
      connection.goAwayHandler(last -> usable.remove(connection));
    } catch (UnsupportedOperationException http1HasNoGoAway) {
      // It ends, and nothing more is to be known.
    }
    long pinging = pinging(connection);
    connection.closeHandler(
        v -> {
          loop.owner().cancelTimer(pinging);
          open.remove(connection);
          usable.remove(connection);
          if (!served.remove(connection)) {
            backoff.failed();
          }
        });
    // Requests and watches under way hear of it themselves, and are tried again above.
    connection.exceptionHandler(
        e -> LOG.debug("connection to {} broke: {}", config.server(), e.getMessage()));
  }

  /** Pings an HTTP/2 connection while it lives, since a half-open one looks like a quiet watch. */
  private long pinging(HttpConnection connection) {
    boolean[] answered = {true};
    return loop.owner()
        .setPeriodic(
            PING_INTERVAL.toMillis(),
            id -> {
              if (!answered[0]) {
                return;
              }
              answered[0] = false;
              ping(connection).onComplete(r -> answered[0] = true);
            });
  }

  private static Future<Void> ping(HttpConnection connection) {
    try {
      return connection
          .ping(Buffer.buffer(new byte[8]))
          .timeout(PING_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
          .<Void>mapEmpty()
          .recover(failure -> connection.close());
    } catch (UnsupportedOperationException http1HasNoPing) {
      return Future.succeededFuture();
    }
  }

  /** Ends once requests that have begun are answered, and tells so. */
  void drain(Consumer<Connections> told) {
    drained = told;
    shutdown();
  }

  /** A client that shuts down fails requests that wait for their connection. */
  private void shutdown() {
    if (drained != null && opening == 0) {
      Consumer<Connections> told = drained;
      drained = null;
      http.shutdown(DRAIN.toMillis(), TimeUnit.MILLISECONDS)
          .onComplete(v -> forget())
          .onComplete(v -> told.accept(this));
    }
  }

  /** Ends what is under way on connections that are open. */
  void cut() {
    open.forEach(connection -> connection.close().otherwiseEmpty());
  }

  /** Ends all; requests fail from now on. */
  Future<Void> close() {
    return http.close().onComplete(v -> forget());
  }

  /** Vert.x (5.0.7) holds on to a client that is closed until all of Vert.x is. */
  private void forget() {
    if (http instanceof CleanableHttpClient made) {
      holder.remove(made.delegate);
    }
  }
}
