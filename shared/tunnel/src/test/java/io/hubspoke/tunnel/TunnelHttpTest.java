package io.hubspoke.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An HTTP client over a dialer, to servers on real sockets. */
class TunnelHttpTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final CertificateAuthority CA = CertificateAuthority.create("ca", DAY);
  private static final Buffer MUCH = random(24 << 20);
  private static Vertx vertx;
  private static HttpServer plain;
  private static HttpServer tls;
  private static HttpClient plainClient;
  private static HttpClient tlsClient;
  private final RelayDialer dialer = new RelayDialer(vertx);

  @BeforeAll
  static void start() throws Exception {
    vertx = Vertx.vertx();
    HttpServerOptions options = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
    plain =
        Await.result(
            vertx.createHttpServer(options).requestHandler(TunnelHttpTest::serve).listen());
    ReloadableKeys keys =
        new ReloadableKeys(
            CA.issue(
                CertificateProfile.server("node-1", SubjectAltNames.of(List.of("node-1")), DAY)));
    tls =
        Await.result(
            vertx
                .createHttpServer(Tls.serve(new HttpServerOptions(options), keys, null))
                .requestHandler(TunnelHttpTest::serve)
                .listen());
    plainClient = vertx.createHttpClient();
    tlsClient =
        vertx.createHttpClient(
            Tls.connect(
                new HttpClientOptions().setVerifyHost(true),
                null,
                Tls.trust(List.of(CA.certificate()))));
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static void serve(HttpServerRequest request) {
    request.response().exceptionHandler(e -> {});
    switch (request.path()) {
      case "/much" -> request.response().end(MUCH);
      case "/echo" -> {
        request.response().setChunked(true);
        request.pipeTo(request.response());
      }
      default -> request.response().end(request.path());
    }
  }

  @Test
  void oneConnectionServesOneRequestAfterAnother() throws Exception {
    for (int i = 0; i < 5; i++) {
      assertThat(get(false, target(plain, "a"), "/" + i).toString()).isEqualTo("/" + i);
    }

    assertThat(dialer.dialled).hasSize(1);
  }

  @Test
  void aConnectionIsNeverUsedForAnotherTargetNorForAnotherDialer() throws Exception {
    RelayDialer other = new RelayDialer(vertx);
    get(false, target(plain, "a"), "/");
    get(false, target(plain, "b"), "/");
    get(false, target(plain, "a"), "/");
    get(other, false, target(plain, "a"), "/");
    Await.result(
        plainClient
            .request(HttpMethod.GET, plain.actualPort(), "127.0.0.1", "/")
            .compose(request -> request.send().compose(HttpClientResponse::end)));

    assertThat(dialer.dialled).containsExactly(target(plain, "a"), target(plain, "b"));
    assertThat(other.dialled).containsExactly(target(plain, "a"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bigBodiesArriveWholeBothWays(boolean secure) throws Exception {
    HttpServer server = secure ? tls : plain;

    assertThat(get(secure, target(server, ""), "/much")).isEqualTo(MUCH);
    assertThat(
            Await.result(
                request(dialer, secure, target(server, ""), HttpMethod.POST, "/echo")
                    .compose(request -> request.send(MUCH))
                    .compose(HttpClientResponse::body)))
        .isEqualTo(MUCH);
  }

  @Test
  void theServersCertificateIsVerifiedAgainstTheHostThatWasMeant() throws Exception {
    assertThat(get(true, target(tls, ""), "/x").toString()).isEqualTo("/x");
    RequestOptions elsewhere =
        options(dialer, target(tls, "other"), HttpMethod.GET, "/x").setHost("node-2");

    assertThat(Await.failure(tlsClient.request(elsewhere)))
        .hasMessageContaining("Failed to create SSL connection")
        .rootCause()
        .hasMessageContaining("node-2");
  }

  @Test
  void aTunnelThatIsDownIsToldToEveryRequestAndTheNextOneDialsAgain() throws Exception {
    TunnelDownException down = new TunnelDownException("test", "no agent");
    boolean[] up = {false};
    Dialer unsteady =
        new ScriptedDialer(
            "unsteady", target -> up[0] ? dialer.dial(target) : Future.failedFuture(down));
    List<Future<?>> asked = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asked.add(request(unsteady, false, target(plain, ""), HttpMethod.GET, "/"));
    }
    for (Future<?> one : asked) {
      assertThat(Await.failure(one)).isSameAs(down);
    }
    up[0] = true;

    assertThat(get(unsteady, false, target(plain, ""), "/back").toString()).isEqualTo("/back");
  }

  @Test
  void aTunnelThatBreaksInTheMiddleBreaksTheAnswer() throws Exception {
    Target target = target(plain, "");
    CompletableFuture<Throwable> broken = new CompletableFuture<>();
    HttpClientResponse answer =
        Await.result(
            request(dialer, false, target, HttpMethod.GET, "/much")
                .compose(request -> request.send().onSuccess(HttpClientResponse::pause)));
    answer.exceptionHandler(broken::complete);
    answer.handler(piece -> {});
    Duplex connection = dialer.connections.getFirst();
    var _ = connection.reset();
    answer.resume();

    assertThat(broken.get()).isNotNull();
    assertThat(get(false, target, "/again").toString()).isEqualTo("/again");
  }

  @Test
  void aClientThatIsClosedWhileItDialsResetsWhatTheDialBrings() throws Exception {
    Promise<Duplex> late = Promise.promise();
    Dialer slow = new ScriptedDialer("slow", target -> late.future());
    HttpClient closing = vertx.createHttpClient();
    Future<?> asked = closing.request(options(slow, target(plain, ""), HttpMethod.GET, "/"));
    Await.result(closing.close());
    PipeDuplex brought = new PipeDuplex(vertx);
    late.complete(brought);

    assertThat(Await.failure(asked)).isNotNull();
    Await.until("it has ended", () -> brought.reset || brought.wasEnded());
  }

  private static Target target(HttpServer server, String node) {
    return new Target("127.0.0.1", server.actualPort(), node);
  }

  private Buffer get(boolean secure, Target target, String path) throws Exception {
    return get(dialer, secure, target, path);
  }

  private static Buffer get(Dialer by, boolean secure, Target target, String path)
      throws Exception {
    // All of it on a context: a connection that is there already may answer before the next step.
    Promise<Buffer> got = Promise.promise();
    vertx.runOnContext(
        v ->
            (secure ? tlsClient : plainClient)
                .request(options(by, target, HttpMethod.GET, path))
                .compose(request -> request.send().compose(HttpClientResponse::body))
                .onComplete(got));
    return Await.result(got.future());
  }

  private static Future<HttpClientRequest> request(
      Dialer by, boolean secure, Target target, HttpMethod method, String path) {
    // Off a context, what comes between two steps of a chain would be lost.
    Promise<HttpClientRequest> opened = Promise.promise();
    vertx.runOnContext(
        v ->
            (secure ? tlsClient : plainClient)
                .request(options(by, target, method, path))
                .onComplete(opened));
    return opened.future();
  }

  private static RequestOptions options(Dialer by, Target target, HttpMethod method, String path) {
    return new RequestOptions()
        .setMethod(method)
        .setServer(new TunnelAddress(vertx, by, target))
        .setHost("node-1")
        .setPort(target.port())
        .setURI(path);
  }

  private static Buffer random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return Buffer.buffer(bytes);
  }
}
