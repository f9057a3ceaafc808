package io.hubspoke.lab.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.lab.ForeignAuthority;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InterceptorTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final CertificateAuthority CLUSTER = CertificateAuthority.create("cluster", DAY);
  private static final Identity CLIENT =
      CLUSTER.issueClient("the-client", List.of("the-group"), DAY);
  private static final String CANARY = "canary-70c2a5e19b";

  private Vertx vertx;
  private HttpServer server;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    var identity = CLUSTER.issueServer("true-server", SubjectAltNames.of("127.0.0.1"), DAY);
    server =
        vertx
            .createHttpServer(
                Tls.serve(
                    new HttpServerOptions().setUseAlpn(true),
                    new ReloadableKeys(identity),
                    List.of(CLUSTER.certificate())))
            .requestHandler(
                request ->
                    request
                        .response()
                        .end(user(request.connection()) + " asked for " + request.path()));
    Await.result(server.listen(0, "127.0.0.1"));
    wire =
        Await.result(
            Wire.open(
                vertx,
                SocketAddress.inetSocketAddress(0, "127.0.0.1"),
                SocketAddress.inetSocketAddress(server.actualPort(), "127.0.0.1")));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(wire.close());
    Await.result(vertx.close());
  }

  @Test
  void aVerifyingClientRefusesBeforeItsFirstApplicationByte() throws Exception {
    var interceptor = interceptor(new Alteration.None());
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThatThrownBy(() -> get(Tls.trust(List.of(CLUSTER.certificate())), true))
        .hasStackTraceContaining("SSLHandshakeException");
    var interception = Await.until("handshake over", () -> only(interceptor), i -> !pending(i));
    // What OpenSSL and the JDK tell.
    assertThat(interception.outcome())
        .isIn(
            new Interception.Outcome.Refused("alert bad_certificate"),
            new Interception.Outcome.Refused("alert certificate_unknown"));
    assertThat(interception.clientBytes()).isZero();
    assertThat(interception.clientCertificate()).isEmpty();
  }

  @Test
  void aClientThatDoesNotVerifyIsReadAndAltered() throws Exception {
    var interceptor = interceptor(new Alteration.Replace("asked", "ASKED"));
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThat(get(Tls.trustAny(List.of()), false)).isEqualTo("nobody ASKED for /" + CANARY);
    var interception = only(interceptor);
    assertThat(interception.outcome()).isEqualTo(new Interception.Outcome.Accepted());
    assertThat(interception.read()).contains("GET /" + CANARY);
    assertThat(interception.answered()).contains("nobody asked for");
    assertThat(interception.alterations()).isEqualTo(1);
    assertThat(interception.clientCertificate()).contains("CN=the-client,O=the-group");
  }

  @Test
  void anInterceptorAnswersInThePlaceOfAServer() throws Exception {
    var interceptor = interceptor(new Alteration.Answer("a lie"));
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThat(get(Tls.trustAny(List.of()), false)).isEqualTo("a lie");
    assertThat(only(interceptor).answered()).contains("nobody asked for");
  }

  @Test
  void anInterceptorHandsTheClientToAServerOfItsOwn() throws Exception {
    var impostor = Await.result(answering("the impostor heard "));
    var interceptor = interceptor(new Alteration.Impersonate(impostor));
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThat(get(Tls.trustAny(List.of()), false)).isEqualTo("the impostor heard /" + CANARY);
    var interception = only(interceptor);
    assertThat(interception.read()).contains("GET /" + CANARY);
    assertThat(interception.alterations()).isEqualTo(1);
    assertThat(interception.clientCertificate()).contains("CN=the-client,O=the-group");
  }

  @Test
  void aClientThatVerifiesIsHandedToNobody() throws Exception {
    var impostor = Await.result(answering("the impostor heard "));
    var interceptor = interceptor(new Alteration.Impersonate(impostor));
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThatThrownBy(() -> get(Tls.trust(List.of(CLUSTER.certificate())), true))
        .hasStackTraceContaining("SSLHandshakeException");
    var interception = Await.until("handshake over", () -> only(interceptor), i -> !pending(i));
    assertThat(interception.outcome()).isInstanceOf(Interception.Outcome.Refused.class);
    assertThat(interception.clientBytes()).isZero();
  }

  @Test
  void whatIsInClearIsReadAndAlteredWithoutACertificate() throws Exception {
    var plain = Await.result(answering("a page for "));
    var way =
        Await.result(Wire.open(vertx, SocketAddress.inetSocketAddress(0, "127.0.0.1"), plain));
    try {
      var interceptor = Interceptor.inClear(vertx, new Alteration.Replace("page", "PAGE"));
      Await.result(way.mode(new Mode.Intercept(interceptor)));
      assertThat(request(new HttpClientOptions(), way.address().port()))
          .isEqualTo("a PAGE for /" + CANARY);
      assertThat(only(interceptor).read()).contains("GET /" + CANARY);
      assertThat(only(interceptor).alterations()).isEqualTo(1);
    } finally {
      Await.result(way.close());
    }
  }

  /** Starts a server without TLS that answers with a text and the path. */
  private Future<SocketAddress> answering(String text) {
    return vertx
        .createHttpServer()
        .requestHandler(request -> request.response().end(text + request.path()))
        .listen(0, "127.0.0.1")
        .map(s -> SocketAddress.inetSocketAddress(s.actualPort(), "127.0.0.1"));
  }

  @Test
  void aClientThatTrustsTheForeignAuthorityIsTakenIn() throws Exception {
    var foreign = ForeignAuthority.create();
    var interceptor = new Interceptor(vertx, foreign, null, new Alteration.None());
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    // The forged names are those of the true certificate: it's the signature alone that differs.
    assertThat(get(Tls.trust(List.of(foreign.certificate())), true)).contains(CANARY);
    assertThat(only(interceptor).outcome()).isEqualTo(new Interception.Outcome.Accepted());
  }

  @Test
  void aTapOnTlsSeesRecordsAndNoCanary() throws Exception {
    var recording = new Recording(1 << 20);
    Await.result(wire.mode(new Mode.Tap(recording)));
    assertThat(get(Tls.trust(List.of(CLUSTER.certificate())), true))
        .isEqualTo("the-client asked for /" + CANARY);
    assertThat(recording.find(CANARY)).isEmpty();
    assertThat(recording.tlsConnections()).isEqualTo(1);
    assertThat(recording.bytesSeen()).isGreaterThan(1000);
  }

  @Test
  void aServerThatIsAwayIsNotARefusal() throws Exception {
    Await.result(server.close());
    var interceptor = interceptor(new Alteration.None());
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    assertThatThrownBy(() -> get(Tls.trustAny(List.of()), false)).isInstanceOf(Exception.class);
    assertThat(only(interceptor).outcome())
        .isInstanceOf(Interception.Outcome.ServerUnreachable.class);
  }

  @Test
  void textIsReplacedWhereverItIsCutIntoPieces() {
    for (var cut = 0; cut <= 20; cut++) {
      var whole = "xx mark mamark mar";
      var filter =
          new AlteringFilter(new Interception(null), new Alteration.Replace("mark", "MARK"));
      var at = Math.min(cut, whole.length());
      var out =
          filter.pass(Direction.INBOUND, buf(whole.substring(0, at))).toString(UTF)
              + filter.pass(Direction.INBOUND, buf(whole.substring(at))).toString(UTF)
              + filter.end(Direction.INBOUND).toString(UTF);
      assertThat(out).isEqualTo("xx MARK maMARK mar");
    }
  }

  @Test
  void aConnectionThatIsStillBeingInterceptedIsResetWithTheOthers() throws Exception {
    var interceptor = interceptor(new Alteration.None());
    Await.result(wire.mode(new Mode.Intercept(interceptor)));
    try (var silent =
        new java.net.Socket(java.net.InetAddress.ofLiteral("127.0.0.1"), wire.address().port())) {
      Await.until("taken", () -> interceptor.interceptions().size() == 1);
      Await.result(wire.mode(Mode.forward()));
      Await.result(wire.reset());
      silent.setSoTimeout(5_000);
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> silent.getInputStream().read())
          .isInstanceOf(java.net.SocketException.class);
    }
  }

  private static final java.nio.charset.Charset UTF = java.nio.charset.StandardCharsets.UTF_8;

  private static io.netty.buffer.ByteBuf buf(String text) {
    return io.netty.buffer.Unpooled.copiedBuffer(text, UTF);
  }

  private Interceptor interceptor(Alteration alteration) {
    return new Interceptor(vertx, ForeignAuthority.create(), null, alteration);
  }

  private static Interception only(Interceptor interceptor) {
    assertThat(interceptor.interceptions()).hasSize(1);
    return interceptor.interceptions().getFirst();
  }

  private static boolean pending(Interception interception) {
    return interception.outcome() instanceof Interception.Outcome.Pending;
  }

  private String get(X509ExtendedTrustManager trust, boolean verifyHost) throws Exception {
    var options = new HttpClientOptions().setVerifyHost(verifyHost);
    return request(Tls.connect(options, new ReloadableKeys(CLIENT), trust), wire.address().port());
  }

  private String request(HttpClientOptions options, int port) throws Exception {
    var client = vertx.createHttpClient(options);
    Future<Buffer> body =
        Future.future(
            promise ->
                vertx.runOnContext(
                    v ->
                        client
                            .request(HttpMethod.GET, port, "127.0.0.1", "/" + CANARY)
                            .compose(request -> request.send())
                            .compose(response -> response.body())
                            .onComplete(promise)));
    try {
      return Await.result(body).toString();
    } finally {
      // Held until now: Vert.x closes clients that nobody holds.
      Await.result(client.close());
    }
  }

  private static String user(io.vertx.core.http.HttpConnection connection) {
    try {
      var subject =
          ((java.security.cert.X509Certificate) connection.peerCertificates().getFirst())
              .getSubjectX500Principal()
              .getName();
      return subject.replaceAll("CN=([^,]+).*", "$1");
    } catch (SSLPeerUnverifiedException e) {
      return "nobody";
    }
  }
}
