package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.Place;
import io.hubspoke.lab.wire.TlsAlert;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.VertxInternal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Asks a server as somebody. It trusts any server: what it measures is what the server thinks of
 * the caller. Methods block.
 */
final class Probe implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final int CONNECT_MILLIS = 5_000;
  private static final int QUOTED = 160;
  private static final int OK = 200;
  private static final String ALERT = "fatal alert: ";

  /** What came back: a status and body, or how the connection failed (status 0). */
  record Answer(int status, String body) {
    String brief() {
      return brief("");
    }

    /** The same, so that this part of the body is among what is quoted, if it is there. */
    String brief(String part) {
      var line = body.lines().filter(l -> l.contains(part)).findFirst().orElse("");
      if (line.isEmpty()) {
        line = body.lines().findFirst().orElse("");
      }
      var end = Math.min(line.length(), Math.max(QUOTED, line.indexOf(part) + part.length()));
      var begin = Math.max(0, end - QUOTED);
      return status + " " + (begin > 0 ? "..." : "") + line.substring(begin, end);
    }
  }

  private final Vertx vertx;
  private final HttpClient client;
  private final Optional<String> token;

  /** Whether it has been answered, so that its connection may be one that was kept. */
  private volatile boolean answered;

  private Probe(Vertx vertx, Identity identity, Optional<String> token, Optional<String> from) {
    this.vertx = vertx;
    this.token = token;
    var options = new HttpClientOptions().setConnectTimeout(CONNECT_MILLIS).setVerifyHost(false);
    from.ifPresent(options::setLocalAddress);
    var keys = identity == null ? new ReloadableKeys() : new ReloadableKeys(identity);
    client = vertx.createHttpClient(Tls.connect(options, keys, Tls.trustAny(List.of())));
  }

  private Probe(Place place, Identity identity, Optional<String> token) {
    this(place.vertx(), identity, token, Optional.of(place.address()));
  }

  /** Asks from where the audit is, as all that are told no place do. */
  static Probe as(Mesh mesh, Identity identity) {
    return new Probe(mesh.vertx(), identity, Optional.empty(), Optional.empty());
  }

  static Probe withToken(Mesh mesh, String token) {
    return new Probe(mesh.vertx(), null, Optional.of(token), Optional.empty());
  }

  static Probe anonymous(Mesh mesh) {
    return new Probe(mesh.vertx(), null, Optional.empty(), Optional.empty());
  }

  /** Asks from one of this machine's addresses. */
  static Probe anonymous(Mesh mesh, String from) {
    return new Probe(mesh.vertx(), null, Optional.empty(), Optional.of(from));
  }

  /** Asks without credentials, from a place. */
  static Probe anonymous(Place place) {
    return new Probe(place, null, Optional.empty());
  }

  /** Asks as somebody, from a place. */
  static Probe as(Identity identity, Place place) {
    return new Probe(place, identity, Optional.empty());
  }

  /** Asks with a token, from a place. */
  static Probe withToken(String token, Place place) {
    return new Probe(place, null, Optional.of(token));
  }

  Answer get(String url) throws InterruptedException {
    return send("GET", url, "", Map.of());
  }

  /** Sends a request without a body. */
  Answer send(String method, String url) throws InterruptedException {
    return send(method, url, "", Map.of());
  }

  Answer post(String url, String body) throws InterruptedException {
    return send("POST", url, body, Map.of("Content-Type", "application/json"));
  }

  Answer patch(String url, String body) throws InterruptedException {
    return send("PATCH", url, body, Map.of("Content-Type", "application/merge-patch+json"));
  }

  Answer put(String url, String body) throws InterruptedException {
    return send("PUT", url, body, Map.of("Content-Type", "application/json"));
  }

  Answer delete(String url) throws InterruptedException {
    return send("DELETE", url, "", Map.of());
  }

  /** Asks in another user's name, which takes the right to impersonate. */
  Answer getAs(String url, String user) throws InterruptedException {
    return send("GET", url, "", Map.of("Impersonate-User", user));
  }

  /** Asks for a stream, and hangs up when it is refused or has begun (without a body). */
  Answer open(String url) throws InterruptedException {
    return answer("GET", url, "", Map.of(), Probe::begun);
  }

  /** Returns the first lines of a stream; none when so many don't come in time. */
  List<String> follow(String url, int count, Duration limit) throws InterruptedException {
    try {
      return call("GET", url, "", Map.of(), response -> lines(response, count), limit);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return List.of();
    }
  }

  /** Sends a request with a body and headers of its own. */
  Answer send(String method, String url, String body, Map<String, String> headers)
      throws InterruptedException {
    return answer(method, url, body, headers, Probe::whole);
  }

  private Answer answer(
      String method,
      String url,
      String body,
      Map<String, String> headers,
      Function<HttpClientResponse, Future<Answer>> read)
      throws InterruptedException {
    // RFC 9110, 9.2.2: a connection that was kept may be gone, of which only now is heard.
    var kept = answered && method.equals("GET");
    try {
      try {
        return call(method, url, body, headers, read, TIMEOUT);
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        if (!kept) {
          throw e;
        }
        return call(method, url, body, headers, read, TIMEOUT);
      }
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return new Answer(
          0,
          "connection failed: "
              + TlsAlert.of(e).map(ALERT::concat).orElseGet(() -> Component.reason(e)));
    }
  }

  /** All of it happens on one event loop: what comes at once finds who reads it. */
  private <T> T call(
      String method,
      String url,
      String body,
      Map<String, String> headers,
      Function<HttpClientResponse, Future<T>> read,
      Duration limit)
      throws Exception {
    var options = new RequestOptions().setMethod(HttpMethod.valueOf(method)).setAbsoluteURI(url);
    headers.forEach(options::putHeader);
    token.ifPresent(t -> options.putHeader("Authorization", "Bearer " + t));
    var done = Promise.<T>promise();
    ((VertxInternal) vertx)
        .createEventLoopContext()
        .runOnContext(
            v ->
                client
                    .request(options)
                    .compose(
                        request ->
                            request
                                .send(Buffer.buffer(body))
                                .compose(read)
                                .timeout(limit.toMillis(), TimeUnit.MILLISECONDS)
                                .onFailure(e -> request.reset()))
                    .onComplete(done));
    var got = Component.await(done.future());
    answered = true;
    return got;
  }

  private static Future<Answer> whole(HttpClientResponse response) {
    return response
        .body()
        .map(body -> new Answer(response.statusCode(), body.toString(StandardCharsets.UTF_8)));
  }

  private static Future<Answer> begun(HttpClientResponse response) {
    if (response.statusCode() != OK) {
      return whole(response);
    }
    response.exceptionHandler(over -> {});
    response.request().reset();
    return Future.succeededFuture(new Answer(response.statusCode(), ""));
  }

  private static Future<List<String>> lines(HttpClientResponse response, int count) {
    var read = Buffer.buffer();
    var first = Promise.<List<String>>promise();
    response
        .exceptionHandler(first::tryFail)
        .endHandler(v -> first.tryComplete(read.toString().lines().limit(count).toList()))
        .handler(
            part -> {
              read.appendBuffer(part);
              var text = read.toString();
              var whole =
                  text.substring(0, text.lastIndexOf('\n') + 1).lines().limit(count).toList();
              if (whole.size() == count && first.tryComplete(whole)) {
                response.request().reset();
              }
            });
    return first.future();
  }

  @Override
  public void close() {
    // Nobody waits: no request of it is left.
    client.close().otherwiseEmpty();
  }
}
