package io.hubspoke.lab.audit;

import io.hubspoke.lab.Place;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/**
 * Asks a server as somebody, with the JDK's own HTTP client. It trusts any server: what it measures
 * is what the server thinks of the caller.
 */
final class Probe implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final int QUOTED = 160;

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

  private final HttpClient client;
  private final Optional<String> token;
  private final Optional<Place> place;

  private Probe(
      Identity identity, Optional<String> token, Optional<Place> place, Optional<String> from) {
    this.token = token;
    this.place = place;
    try {
      var tls = SSLContext.getInstance("TLS");
      var keys =
          new KeyManager[] {identity == null ? new ReloadableKeys() : new ReloadableKeys(identity)};
      tls.init(keys, new TrustManager[] {Tls.trustAny(List.of())}, null);
      var builder =
          HttpClient.newBuilder()
              .sslContext(tls)
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(Duration.ofSeconds(5));
      from.map(InetAddress::ofLiteral).ifPresent(builder::localAddress);
      // The client's own threads are where the one is that makes it; they try again at times.
      client = at(builder::build);
    } catch (GeneralSecurityException | IOException | InterruptedException e) {
      throw new IllegalStateException("no client can be made: " + e.getMessage(), e);
    }
  }

  /** Does something where the caller is. */
  private <T> T at(Callable<T> work) throws IOException, InterruptedException {
    try {
      return place.isPresent() ? place.get().call(work) : work.call();
    } catch (IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("asking from another place: " + e.getMessage(), e);
    }
  }

  static Probe as(Identity identity) {
    return new Probe(identity, Optional.empty(), Optional.empty(), Optional.empty());
  }

  static Probe withToken(String token) {
    return new Probe(null, Optional.of(token), Optional.empty(), Optional.empty());
  }

  static Probe anonymous() {
    return new Probe(null, Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** Asks from one of this machine's addresses. */
  static Probe anonymous(String from) {
    return new Probe(null, Optional.empty(), Optional.empty(), Optional.of(from));
  }

  /** Asks without credentials, from a place. */
  static Probe anonymous(Place place) {
    return new Probe(null, Optional.empty(), Optional.of(place), Optional.of(place.address()));
  }

  /** Asks as somebody, from a place. */
  static Probe as(Identity identity, Place place) {
    return new Probe(identity, Optional.empty(), Optional.of(place), Optional.of(place.address()));
  }

  /** Asks with a token, from a place. */
  static Probe withToken(String token, Place place) {
    return new Probe(null, Optional.of(token), Optional.of(place), Optional.of(place.address()));
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

  /** Returns the first lines of a stream; none when so many don't come in time. */
  List<String> follow(String url, int count, Duration limit) throws InterruptedException {
    try {
      var response =
          client.sendAsync(request("GET", url, "", Map.of()), HttpResponse.BodyHandlers.ofLines());
      var first =
          response.thenApplyAsync(
              r -> {
                try (var lines = r.body()) {
                  return lines.limit(count).toList();
                }
              },
              task -> Thread.ofVirtual().start(task));
      return first.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      return List.of();
    }
  }

  /** Sends a request with a body and headers of its own. */
  Answer send(String method, String url, String body, Map<String, String> headers)
      throws InterruptedException {
    try {
      var request = request(method, url, body, headers);
      var response = at(() -> send(request));
      return new Answer(response.statusCode(), response.body());
    } catch (IOException e) {
      return new Answer(0, "connection failed: " + e.getMessage());
    }
  }

  /** Connections are opened by the thread that calls this. */
  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest request(String method, String url, String body, Map<String, String> headers) {
    var request =
        HttpRequest.newBuilder(URI.create(url))
            .timeout(TIMEOUT)
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    headers.forEach(request::header);
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    return request.build();
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
