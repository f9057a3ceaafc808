package io.hubspoke.client;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.runtime.ReloadableTrust;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests to one apiserver over one HTTP/2 connection, on which watches are multiplexed, so
 * that a node costs the hub one connection; over HTTP/1.1 where the server knows nothing better.
 *
 * <p>While the server is away, requests wait for the next attempt to connect, which all share.
 *
 * <p>Every exchange runs on one event-loop context of its own: a chain of futures begun on a thread
 * that is not Vert.x's may otherwise miss the response.
 */
final class Transport {
  private static final Logger LOG = LoggerFactory.getLogger(Transport.class);

  /** A thousand clients that lose their server at once come back over this time. */
  private static final Duration RECONNECT_SPREAD = Duration.ofSeconds(2);

  private static final int TOO_MANY_REQUESTS = 429;

  private final ClientConfig config;
  private final ContextInternal loop;
  private final ConnectionBackoff backoff;
  private final X509ExtendedTrustManager trust;
  private final Set<Connections> draining = ConcurrentHashMap.newKeySet();
  private final Set<Watch<?>> watches = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final Promise<Void> closed = Promise.promise();
  private List<X509Certificate> authorities;
  private volatile Client client;
  private volatile Duration reconnectDelay = drawReconnectDelay();

  /** What requests are sent with from now on. */
  private record Client(Connections connections, Credentials credentials, String bearer) {}

  Transport(Vertx vertx, ClientConfig config) {
    this.config = config;
    this.loop = ((VertxInternal) vertx).createEventLoopContext();
    this.backoff = new ConnectionBackoff(loop, config.timeout());
    this.trust =
        config.insecureSkipTlsVerify()
            ? Tls.trustAny(config.authorities())
            : new ReloadableTrust(config.authorities());
    this.authorities = config.authorities();
    Credentials credentials = config.credentials();
    this.client = new Client(connections(credentials), credentials, bearer(credentials));
  }

  private Connections connections(Credentials credentials) {
    return new Connections(loop, config, trust, credentials, backoff);
  }

  /**
   * Sends a request and reads the whole answer. A server that has too much to do (429) and says
   * when to come back has not begun the request: it is sent again then, if that is within its time.
   *
   * <p>Fails with {@link ApiException} on a status of 400 or more, {@link TimeoutException} when no
   * answer has come in time, and an {@link java.io.IOException} when the connection fails.
   *
   * @param timeout longest time, without that for which the limit held the request back
   */
  Future<Buffer> exchange(
      HttpMethod method,
      String uri,
      String accept,
      String contentType,
      Buffer body,
      Duration timeout,
      InFlightLimit limit) {
    Supplier<RequestOptions> options = () -> request(method, uri, accept, contentType);
    return onLoop(
        () ->
            limit.begin(
                loop,
                () -> attempt(options, body, timeout, System.nanoTime() + timeout.toNanos())));
  }

  private Future<Buffer> attempt(
      Supplier<RequestOptions> options, Buffer body, Duration timeout, long deadline) {
    Exchange exchange = new Exchange(timeout);
    return exchange
        .limit(
            exchange
                .begin(options.get(), body)
                .compose(response -> read(exchange.request, response))
                .compose(Transport::successful))
        .recover(
            failure -> {
              Duration wait = patience(failure);
              boolean late = System.nanoTime() + wait.toNanos() - deadline >= 0;
              if (wait.isZero() || late || closing.get()) {
                return Future.failedFuture(failure);
              }
              Promise<Buffer> later = loop.promise();
              loop.setTimer(
                  wait.toMillis(),
                  id -> attempt(options, body, timeout, deadline).onComplete(later));
              return later.future();
            });
  }

  /** Returns how long the server wants to be left alone; zero when it doesn't say. */
  private Duration patience(Throwable failure) {
    if (!(failure instanceof ApiException refused)
        || refused.code() != TOO_MANY_REQUESTS
        || refused.status().details() == null) {
      return Duration.ZERO;
    }
    Duration wait = Duration.ofSeconds(refused.status().details().retryAfterSeconds());
    return wait.isZero()
        ? Duration.ZERO
        // Those that were sent away together don't all come back at once.
        : wait.plusMillis(ThreadLocalRandom.current().nextLong(wait.toMillis()));
  }

  /**
   * Sends a GET and returns the response once its head has come, paused. Its events come on the
   * transport's loop.
   *
   * <p>Fails as {@link #exchange} does.
   */
  Future<HttpClientResponse> open(String uri, String accept) {
    return onLoop(
        () -> {
          Exchange exchange = new Exchange(config.timeout());
          return exchange.limit(
              exchange
                  .begin(request(HttpMethod.GET, uri, accept, ""), null)
                  .compose(
                      response -> {
                        if (response.statusCode() < 400) {
                          response.pause();
                          return Future.succeededFuture(response);
                        }
                        return read(exchange.request, response)
                            .compose(Transport::successful)
                            .mapEmpty();
                      }));
        });
  }

  /** Runs work on the transport's loop; the future completes on the caller's context. */
  <T> Future<T> onLoop(Supplier<Future<T>> work) {
    Promise<T> promise = loop.owner().getOrCreateContext().promise();
    loop.runOnContext(
        v -> {
          try {
            work.get().onComplete(promise);
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }

  ContextInternal loop() {
    return loop;
  }

  /**
   * Shows other credentials, and trusts other authorities, from the next request on. Connections of
   * their own are made for them, since a connection keeps the certificates that it began with; the
   * present one is drained. A token goes with each request, so another one needs none of this.
   */
  synchronized void present(Credentials credentials, List<X509Certificate> trusted) {
    Client replaced = client;
    boolean others = !trusted.equals(authorities);
    if (!others && credentials.equals(replaced.credentials)) {
      return;
    }
    LOG.info("{}: credentials or authorities were replaced", config.userAgent());
    authorities = List.copyOf(trusted);
    if (others && trust instanceof ReloadableTrust reloadable) {
      reloadable.replace(trusted);
    }
    boolean tokens =
        credentials instanceof Credentials.Token
            && replaced.credentials instanceof Credentials.Token;
    Connections connections = tokens && !others ? replaced.connections : connections(credentials);
    client = new Client(connections, credentials, bearer(credentials));
    if (connections != replaced.connections) {
      draining.add(replaced.connections);
      loop.runOnContext(
          v -> {
            replaced.connections.drain(draining::remove);
            // They never end by themselves, and one that is left when its connection is closed in
            // the end would not hear of it (Vert.x 5.0.7): whoever watches begins again.
            List.copyOf(watches).forEach(Watch::move);
          });
    }
  }

  /** Shows other credentials to the same server. */
  synchronized void present(Credentials credentials) {
    present(credentials, authorities);
  }

  /** Takes note of a watch, which is ended when its connection is replaced. */
  void watching(Watch<?> watch) {
    watches.add(watch);
    watch.ended().onComplete(done -> watches.remove(watch));
  }

  Credentials credentials() {
    return client.credentials;
  }

  private static Duration drawReconnectDelay() {
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(RECONNECT_SPREAD.toMillis()));
  }

  /** Returns how long to wait before connecting again when the present connection is lost. */
  Duration reconnectDelay() {
    return reconnectDelay;
  }

  /** Returns whether the server was not reached when that was last tried. */
  boolean isAway() {
    return backoff.isAway();
  }

  /**
   * Ends watches and requests in flight. Vert.x (5.0.7) returns null to whoever closes a client
   * that is just being closed, as those do whose requests fail by that; only the first call asks.
   */
  Future<Void> close() {
    if (closing.compareAndSet(false, true)) {
      backoff.close();
      draining.forEach(Connections::cut);
      client.connections.close().onComplete(closed);
    }
    return closed.future();
  }

  private RequestOptions request(HttpMethod method, String uri, String accept, String contentType) {
    String base = config.server().getRawPath();
    RequestOptions options =
        new RequestOptions()
            .setMethod(method)
            .setURI(base == null || base.equals("/") ? uri : base + uri)
            .putHeader("Accept", accept)
            .putHeader("User-Agent", config.userAgent());
    if (!contentType.isEmpty()) {
      options.putHeader("Content-Type", contentType);
    }
    return options;
  }

  private static String bearer(Credentials credentials) {
    return credentials instanceof Credentials.Token(String value) ? "Bearer " + value : "";
  }

  private Future<Answer> read(HttpClientRequest request, HttpClientResponse response) {
    Promise<Answer> promise = loop.promise();
    Buffer body = Buffer.buffer();
    response.handler(
        chunk -> {
          if (body.length() + chunk.length() > config.maxResponseBytes()) {
            promise.tryFail(
                new java.io.IOException(
                    "the response to "
                        + request.getURI()
                        + " is longer than "
                        + config.maxResponseBytes()
                        + " bytes"));
            request.reset();
          } else {
            body.appendBuffer(chunk);
          }
        });
    response.exceptionHandler(promise::tryFail);
    response.endHandler(v -> promise.tryComplete(new Answer(response, body)));
    return promise.future();
  }

  private static Future<Buffer> successful(Answer answer) {
    return answer.response.statusCode() < 400
        ? Future.succeededFuture(answer.body)
        : Future.failedFuture(status(answer).toException());
  }

  /** Reads the server's Status, or makes one from an answer that holds none. */
  private static Status status(Answer answer) {
    int code = answer.response.statusCode();
    try {
      JsonNode tree = Json.parse(answer.body.getBytes());
      if (tree.isObject() && tree.path("kind").asText().equals("Status")) {
        Status status = Status.fromJson((com.fasterxml.jackson.databind.node.ObjectNode) tree);
        return status.code() == 0
            ? new Status(code, status.reason(), status.message(), status.details())
            : status;
      }
    } catch (ApiException notJson) {
      // Answers of proxies and of health endpoints are plain text.
    }
    String text = answer.body.getString(0, Math.min(answer.body.length(), 1024)).strip();
    String message = text.isEmpty() ? "the server answered " + code : text;
    return code == TOO_MANY_REQUESTS
        ? Status.tooManyRequests(message, retryAfter(answer.response))
        : Status.of(code, reason(code), message);
  }

  /** Returns the header's seconds (RFC 9110 section 10.2.3), 0 when it has none. */
  private static int retryAfter(HttpClientResponse response) {
    try {
      String seconds = response.getHeader("Retry-After");
      return seconds == null ? 0 : Math.max(0, Integer.parseInt(seconds.strip()));
    } catch (NumberFormatException date) {
      return 0;
    }
  }

  private static String reason(int code) {
    return switch (code) {
      case 400 -> "BadRequest";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "NotFound";
      case 405 -> "MethodNotAllowed";
      case 409 -> "Conflict";
      case 410 -> "Expired";
      case 429 -> "TooManyRequests";
      case 503 -> "ServiceUnavailable";
      case 504 -> "Timeout";
      default -> code >= 500 ? "InternalError" : "Unknown";
    };
  }

  private record Answer(HttpClientResponse response, Buffer body) {}

  /** One request with a limit on its time. */
  private final class Exchange {
    private final Duration timeout;
    private HttpClientRequest request;
    private boolean expired;

    Exchange(Duration timeout) {
      this.timeout = timeout;
    }

    Future<HttpClientResponse> begin(RequestOptions options, Buffer body) {
      Client current = client;
      if (!current.bearer.isEmpty()) {
        options.putHeader("Authorization", current.bearer);
      }
      return current.connections.send(
          options,
          opened -> {
            request = opened;
            if (expired) {
              opened.reset();
              return Future.failedFuture(new TimeoutException());
            }
            return body == null ? opened.send() : opened.send(body);
          });
    }

    <T> Future<T> limit(Future<T> work) {
      Promise<T> promise = loop.promise();
      long timer =
          loop.setTimer(
              timeout.toMillis(),
              id -> {
                expired = true;
                promise.tryFail(
                    new TimeoutException("no answer from " + config.server() + " in " + timeout));
                if (request != null) {
                  request.reset();
                }
              });
      work.onComplete(
          result -> {
            loop.owner().cancelTimer(timer);
            if (result.succeeded()) {
              promise.tryComplete(result.result());
            } else {
              promise.tryFail(UntimelyCertificate.explained(result.cause(), config.server()));
            }
          });
      return promise.future();
    }
  }
}
