package io.hubspoke.client;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;

/** An HTTPS server on loopback with a certificate of its own authority. */
public final class FakeServer {
  public final CertificateAuthority authority =
      CertificateAuthority.create("test-ca", Duration.ofDays(1));
  final Vertx vertx;
  private HttpServer server;

  public FakeServer(Vertx vertx) {
    this.vertx = vertx;
  }

  public FakeServer start(Handler<HttpServerRequest> handler) throws Exception {
    return start(handler, HttpVersion.HTTP_2, HttpVersion.HTTP_1_1);
  }

  public FakeServer start(Handler<HttpServerRequest> handler, HttpVersion... versions)
      throws Exception {
    return start(
        handler,
        authority.issueServer("server", SubjectAltNames.of("127.0.0.1"), Duration.ofDays(1)),
        versions);
  }

  FakeServer start(Handler<HttpServerRequest> handler, Identity identity, HttpVersion... versions)
      throws Exception {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(0)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(versions));
    Tls.serve(options, new ReloadableKeys(identity), List.of(authority.certificate()));
    server = Await.result(vertx.createHttpServer(options).requestHandler(handler).listen());
    return this;
  }

  int port() {
    return server.actualPort();
  }

  public ClientConfig config(Credentials credentials) {
    return ClientConfig.of(
        "https://127.0.0.1:" + port(), List.of(authority.certificate()), credentials);
  }

  /** Returns the subject of the client's certificate, or "none". */
  static String subject(HttpServerRequest request) {
    try {
      return request.connection().sslSession().getPeerPrincipal().getName();
    } catch (SSLPeerUnverifiedException e) {
      return "none";
    }
  }
}
