package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.audit.AuditOptions;
import io.hubspoke.apiserver.audit.Auditor;
import io.hubspoke.apiserver.authn.Authenticated;
import io.hubspoke.apiserver.authn.Authentication;
import io.hubspoke.apiserver.authn.FrontProxyHeaders;
import io.hubspoke.apiserver.authn.PresentedCertificate;
import io.hubspoke.apiserver.authn.RequestHeaderOptions;
import io.hubspoke.apiserver.authz.AlwaysAllow;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.handler.codec.http2.Http2Exception;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a chain with these limits makes of endpoints that misbehave and clients that are many. */
@Timeout(60)
class ApiChainTest {
  private static final Duration VALIDITY = Duration.ofHours(1);
  private static final String OBJECTS = "/api/v1/namespaces/default/configmaps";
  private static final String OBJECT = OBJECTS + "/a";
  private static final int MOST_CONNECTIONS = 3;

  /** Strangers have a part of the connections alone. */
  private static final Authenticated SOMEBODY =
      new Authenticated(new User("somebody", "", List.of(), Map.of()), List.of());

  private final Vertx vertx = Component.vertx();
  private final CertificateAuthority ca = CertificateAuthority.create("test-ca", VALIDITY);
  private final ConcurrentLinkedQueue<Promise<Void>> waiting = new ConcurrentLinkedQueue<>();
  private ApiConnections connections;
  private ApiListener listener;

  @BeforeEach
  void start() throws Exception {
    var limits =
        new ConnectionLimits(
            MOST_CONNECTIONS,
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofSeconds(9));
    connections = new ApiConnections(vertx, limits, chain -> PresentedCertificate.NONE);
    var chain =
        new ApiChain(
            vertx,
            connections,
            new Authentication(List.of(anybody -> Optional.of(SOMEBODY)), path -> false, List.of()),
            new FrontProxyHeaders(RequestHeaderOptions.NONE),
            new AlwaysAllow(),
            this::answer,
            // A user has a quarter of them.
            new InFlightLimits(8, 4),
            new RequestMetrics(new SimpleMeterRegistry()),
            Auditor.open(AuditOptions.NONE, InstantSource.system(), new SimpleMeterRegistry()),
            Duration.ofSeconds(30));
    var serving = ca.issueServer("s", SubjectAltNames.of("127.0.0.1"), VALIDITY);
    listener =
        new ApiListener(
            ApiListener.options(
                "127.0.0.1", 0, new ReloadableKeys(serving), List.of(), Duration.ofSeconds(10)),
            connections,
            chain);
    Await.result(vertx.deployVerticle(listener));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private Future<Void> answer(ApiRequest request) {
    return switch (request.info().path()) {
      case "/throws" -> throw new IllegalStateException("internals");
      case "/overflows" -> throw new StackOverflowError();
      case "/fails" -> Future.failedFuture(new IOException("internals"));
      case "/fails-late" -> {
        request.http().response().setChunked(true);
        yield request
            .http()
            .response()
            .write("half")
            .compose(written -> Future.failedFuture(new IOException("internals")));
      }
      case OBJECT, OBJECTS -> {
        Promise<Void> done = Promise.promise();
        waiting.add(done);
        yield done.future().compose(v -> request.http().response().end("done"));
      }
      default -> request.http().response().end("fine");
    };
  }

  @Test
  void anEndpointThatFailsGivesAStatusThatTellsNothing() throws Exception {
    var client = client();
    for (String path : List.of("/throws", "/overflows", "/fails")) {
      for (var version : HttpClient.Version.values()) {
        var answer = client.send(request(path).version(version).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path).isEqualTo(500);
        var status = Json.parseObject(answer.body().getBytes(StandardCharsets.UTF_8));
        assertThat(status.path("kind").asText()).isEqualTo("Status");
        assertThat(status.path("reason").asText()).isEqualTo("InternalError");
        assertThat(answer.body())
            .doesNotContain("internals", "Exception", "java", "io.hubspoke", "\\tat");
      }
    }
    assertThat(client.send(request("/").build(), BodyHandlers.ofString()).body()).isEqualTo("fine");
  }

  @Test
  void anAnswerThatFailsHalfWayIsCutOff() throws Exception {
    var client = client();
    for (var version : HttpClient.Version.values()) {
      assertThatThrownBy(
              () ->
                  client.send(
                      request("/fails-late").version(version).build(), BodyHandlers.ofString()))
          .isInstanceOf(IOException.class);
    }
    assertThat(client.send(request("/").build(), BodyHandlers.ofString()).body()).isEqualTo("fine");
  }

  @Test
  void oneRequestTooManyIsToldToComeBack() throws Exception {
    var client = client();
    var first = client.sendAsync(change(), BodyHandlers.ofString());
    Await.until("the first change to be under way", () -> waiting.size() == 1);
    var refused = client.send(change(), BodyHandlers.ofString());
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
    var status = Json.parseObject(refused.body().getBytes(StandardCharsets.UTF_8));
    assertThat(status.path("reason").asText()).isEqualTo("TooManyRequests");
    assertThat(status.at("/details/retryAfterSeconds").asInt()).isEqualTo(1);

    // Reading has places of its own, and so have watches, which need none.
    var reads =
        List.of(
            client.sendAsync(request(OBJECT).build(), BodyHandlers.ofString()),
            client.sendAsync(request(OBJECT).build(), BodyHandlers.ofString()));
    Await.until("the reads to be under way", () -> waiting.size() == 3);
    assertThat(client.send(request(OBJECT).build(), BodyHandlers.ofString()).statusCode())
        .isEqualTo(429);
    var watch = client.sendAsync(request(OBJECTS + "?watch=true").build(), BodyHandlers.ofString());
    Await.until("the watch to be under way", () -> waiting.size() == 4);

    waiting.forEach(Promise::complete);
    assertThat(first.get().body()).isEqualTo("done");
    for (var read : reads) {
      assertThat(read.get().body()).isEqualTo("done");
    }
    assertThat(watch.get().body()).isEqualTo("done");
    // Every place has been given back.
    Await.until(
        "a place to be free",
        () -> {
          var again = client.sendAsync(change(), BodyHandlers.ofString());
          Await.until("an answer", () -> again.isDone() || waiting.size() == 5);
          waiting.forEach(Promise::tryComplete);
          return again.get().statusCode() == 200;
        });
  }

  @Test
  void oneConnectionTooManyIsClosedAndMakesNoDifferenceToTheOthers() throws Exception {
    var held = new HttpResponse<?>[MOST_CONNECTIONS];
    var clients = new HttpClient[MOST_CONNECTIONS];
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
      clients[i] = client();
      held[i] = clients[i].send(request("/").build(), BodyHandlers.ofString());
      assertThat(held[i].statusCode()).isEqualTo(200);
    }
    assertThat(connections.size()).isEqualTo(MOST_CONNECTIONS);
    try (HttpClient late = client()) {
      assertThatThrownBy(() -> late.send(request("/").build(), BodyHandlers.ofString()))
          .isInstanceOf(IOException.class);
    }
    for (HttpClient client : clients) {
      assertThat(client.send(request("/").build(), BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
    clients[0].close();
    Await.until("a place to be free", () -> connections.size() < MOST_CONNECTIONS);
    try (HttpClient late = client()) {
      assertThat(late.send(request("/").build(), BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void aClientThatTakesBackWhatItAsksForIsCutOff() throws Exception {
    var options = new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(true);
    var client =
        vertx.createHttpClient(
            Tls.connect(options, null, Tls.trust(List.of(ca.certificate()))),
            new PoolOptions().setHttp2MaxSize(1));
    AtomicBoolean cut = new AtomicBoolean();
    int resets = 0;
    while (!cut.get() && resets++ < 5_000) {
      try {
        // A watch: refused for want of a place, a request would be ended from both sides.
        var request =
            Await.result(
                client.request(
                    HttpMethod.GET, listener.port(), "127.0.0.1", OBJECTS + "?watch=true"));
        request.connection().closeHandler(closed -> cut.set(true));
        request.exceptionHandler(reset -> {});
        Await.result(request.sendHead());
        request.reset(8);
      } catch (IOException | Http2Exception goneWhileSending) {
        cut.set(true);
      }
    }
    assertThat(cut).as("cut off after %d resets", resets).isTrue();
    assertThat(resets).isGreaterThan(500);
    // What was begun for it gives its place back, and others are served.
    waiting.forEach(Promise::tryComplete);
    var other = client();
    Await.until(
        "others to be served",
        () -> other.send(request("/").build(), BodyHandlers.ofString()).statusCode() == 200);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + listener.port() + path))
        .timeout(Duration.ofSeconds(20));
  }

  private HttpRequest change() {
    return request(OBJECT).method("PUT", BodyPublishers.ofString("{}")).build();
  }

  private HttpClient client() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {Tls.trust(List.of(ca.certificate()))}, null);
    return HttpClient.newBuilder().sslContext(context).build();
  }
}
