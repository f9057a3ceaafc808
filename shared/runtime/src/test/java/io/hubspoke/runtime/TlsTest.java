package io.hubspoke.runtime;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TlsTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final CertificateAuthority CA = CertificateAuthority.create("cluster", DAY);
  private static final CertificateAuthority FOREIGN = CertificateAuthority.create("foreign", DAY);
  private static Vertx vertx;
  private static final Map<Tls.Provider, HttpServer> SERVERS = new EnumMap<>(Tls.Provider.class);

  @BeforeAll
  static void serve() throws Exception {
    vertx = Component.vertx();
    for (Tls.Provider provider : Tls.Provider.values()) {
      HttpServerOptions options =
          Tls.serve(
              new HttpServerOptions().setHost("127.0.0.1").setPort(0).setUseAlpn(true),
              keys(serving(CA, "127.0.0.1")),
              List.of(CA.certificate()),
              provider);
      SERVERS.put(
          provider,
          Await.result(
              vertx.createHttpServer(options).requestHandler(TlsTest::sayWhoCalls).listen()));
    }
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  @ParameterizedTest
  @EnumSource
  void aClientThatTrustsTheAuthorityIsAnsweredInBothVersionsOfHttp(Tls.Provider provider)
      throws Exception {
    for (HttpVersion version : List.of(HttpVersion.HTTP_1_1, HttpVersion.HTTP_2)) {
      HttpClientAgent client = client(provider, null, CA, true, version);
      assertThat(Await.result(get(provider, client))).isEqualTo(version + " nobody");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClientThatTrustsAnotherAuthorityRefusesTheServer(Tls.Provider provider) throws Exception {
    assertThat(
            Await.failure(
                get(provider, client(provider, null, FOREIGN, true, HttpVersion.HTTP_1_1))))
        .hasMessageContaining("Failed to create SSL connection");
  }

  @ParameterizedTest
  @EnumSource
  void aServerWithAnotherNameIsRefused(Tls.Provider provider) throws Exception {
    ReloadableKeys elsewhere = keys(serving(CA, "127.0.0.2"));
    HttpServer misnamed =
        Await.result(
            vertx
                .createHttpServer(
                    Tls.serve(
                        new HttpServerOptions().setHost("127.0.0.1").setPort(0),
                        elsewhere,
                        null,
                        provider))
                .requestHandler(TlsTest::sayWhoCalls)
                .listen());
    HttpClientAgent client = client(provider, null, CA, true, HttpVersion.HTTP_1_1);
    assertThat(Await.failure(get(client, misnamed.actualPort())))
        .hasMessageContaining("Failed to create SSL connection");
  }

  @ParameterizedTest
  @EnumSource
  void everyClientCertificatePassesTheHandshakeAndIsSeenByTheServer(Tls.Provider provider)
      throws Exception {
    Identity own = CA.issueClient("alice", List.of(), DAY);
    Identity stranger = FOREIGN.issueClient("mallory", List.of(), DAY);
    assertThat(
            Await.result(
                get(provider, client(provider, keys(own), CA, true, HttpVersion.HTTP_1_1))))
        .isEqualTo("HTTP_1_1 CN=alice");
    assertThat(
            Await.result(
                get(provider, client(provider, keys(stranger), CA, true, HttpVersion.HTTP_1_1))))
        .isEqualTo("HTTP_1_1 CN=mallory");
  }

  @ParameterizedTest
  @EnumSource
  void aReplacedCertificateIsUsedByTheNextConnection(Tls.Provider provider) throws Exception {
    ReloadableKeys keys = keys(CA.issueClient("before", List.of(), DAY));
    HttpClientAgent client = client(provider, keys, CA, true, HttpVersion.HTTP_1_1);
    assertThat(Await.result(get(provider, client))).isEqualTo("HTTP_1_1 CN=before");
    Identity after = CA.issueClient("after", List.of(), DAY);
    keys.replace(after);
    assertThat(Await.result(get(provider, client))).isEqualTo("HTTP_1_1 CN=after");
  }

  /** A resumed session would carry the certificates of an earlier handshake. */
  @ParameterizedTest
  @CsvSource({"BEST, TLSv1.3", "BEST, TLSv1.2", "JDK, TLSv1.3"})
  void aServerResumesNoSession(Tls.Provider provider, String version) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        new KeyManager[] {keys(CA.issueClient("alice", List.of(), DAY))},
        new TrustManager[] {Tls.trust(List.of(CA.certificate()))},
        null);
    Set<Long> sessions = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      int port = SERVERS.get(provider).actualPort();
      try (var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
        socket.setEnabledProtocols(new String[] {version});
        socket
            .getOutputStream()
            .write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
        assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
            .endsWith("CN=alice");
        sessions.add(socket.getSession().getCreationTime());
      }
    }
    assertThat(sessions).hasSize(3);
  }

  /** Else the clients of Go and OpenSSL, which begin with it, begin a second time. */
  @Test
  void aServerTakesKeysOfX25519WhateverTheJdkIsTold() throws Exception {
    assumeThat(OpenSslContexts.isAvailable()).isTrue();
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {Tls.trust(List.of(CA.certificate()))}, null);
    int port = SERVERS.get(Tls.Provider.BEST).actualPort();
    try (var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setNamedGroups(new String[] {"x25519"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      assertThat(socket.getSession().isValid()).isTrue();
    }
  }

  @Test
  void openSslIsThereOnLinux() {
    assumeThat(System.getProperty("os.name")).isEqualTo("Linux");
    assertThat(OpenSslContexts.isAvailable()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void eachProviderSpeaksToTheOther(Tls.Provider provider) throws Exception {
    ReloadableKeys keys = keys(CA.issueClient("alice", List.of(), DAY));
    for (HttpServer each : SERVERS.values()) {
      HttpClientAgent client = client(provider, keys, CA, true, HttpVersion.HTTP_1_1);
      assertThat(Await.result(get(client, each.actualPort()))).isEqualTo("HTTP_1_1 CN=alice");
    }
  }

  @Test
  void aClientThatWasLetInBeforeIsJudgedByTheAuthoritiesOfNow() throws Exception {
    var trust = new ReloadableTrust(List.of(CA.certificate()));
    var options = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
    Tls.serveVerified(options, keys(serving(CA, "127.0.0.1")), trust);
    HttpServer server =
        Await.result(vertx.createHttpServer(options).requestHandler(TlsTest::sayWhoCalls).listen());
    var alice = keys(CA.issueClient("alice", List.of(), DAY));
    HttpClientAgent client = client(Tls.Provider.BEST, alice, CA, true, HttpVersion.HTTP_1_1);
    for (int i = 0; i < 2; i++) {
      assertThat(Await.result(get(client, server.actualPort()))).isEqualTo("HTTP_1_1 CN=alice");
    }
    trust.replace(List.of(FOREIGN.certificate()));
    assertThat(Await.failure(get(client, server.actualPort()))).isNotNull();
    trust.replace(List.of(CA.certificate()));
    assertThat(Await.result(get(client, server.actualPort()))).isEqualTo("HTTP_1_1 CN=alice");
  }

  private static void sayWhoCalls(HttpServerRequest request) {
    String caller;
    try {
      caller =
          ((X509Certificate) request.sslSession().getPeerCertificates()[0])
              .getSubjectX500Principal()
              .getName();
    } catch (SSLPeerUnverifiedException e) {
      caller = "nobody";
    }
    request.response().end(request.version() + " " + caller);
  }

  private static Future<String> get(Tls.Provider provider, HttpClientAgent client) {
    return get(client, SERVERS.get(provider).actualPort());
  }

  private static Future<String> get(HttpClientAgent client, int port) {
    // The chain stays on one context: from a foreign thread a response may end before it is read.
    Promise<Void> onContext = Promise.promise();
    vertx.runOnContext(onContext::complete);
    return onContext
        .future()
        .compose(v -> client.request(HttpMethod.GET, port, "127.0.0.1", "/"))
        .compose(request -> request.send())
        .compose(response -> response.body())
        .map(body -> body.toString());
  }

  private static HttpClientAgent client(
      Tls.Provider provider,
      ReloadableKeys keys,
      CertificateAuthority ca,
      boolean verifyHost,
      HttpVersion version) {
    HttpClientOptions options =
        new HttpClientOptions()
            .setProtocolVersion(version)
            .setUseAlpn(version == HttpVersion.HTTP_2)
            .setKeepAlive(version == HttpVersion.HTTP_2)
            .setVerifyHost(verifyHost);
    return vertx.createHttpClient(
        Tls.connect(options, keys, Tls.trust(List.of(ca.certificate())), provider));
  }

  private static ReloadableKeys keys(Identity identity) {
    return new ReloadableKeys(identity);
  }

  private static Identity serving(CertificateAuthority ca, String address) {
    return ca.issueServer("server", SubjectAltNames.of(address), DAY);
  }
}
