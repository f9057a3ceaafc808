package io.hubspoke.konnectivity.agent;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.RawGrpcCall;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A proxy-server that is none of ours, or several behind one address in turn. */
final class ForeignServer implements AutoCloseable {
  static final CertificateAuthority CA =
      CertificateAuthority.create("konnectivity", Duration.ofDays(1));

  /** A call, and the certificate that its connection has shown. */
  record Connected(RawGrpcCall call, MultiMap headers, String subject) {}

  final List<MultiMap> attempts = new CopyOnWriteArrayList<>();
  private final BlockingQueue<Connected> calls = new LinkedBlockingQueue<>();
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicInteger broken = new AtomicInteger();
  private final HttpServer server;
  private volatile List<String> ids = List.of("server-1");
  private volatile int count = 1;
  private volatile String refusal;

  private ForeignServer(Vertx vertx, int port, CertificateAuthority authority) throws Exception {
    var identity =
        authority.issueServer("server", SubjectAltNames.of("127.0.0.1"), Duration.ofDays(1));
    var options =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(port)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2));
    server =
        Await.result(
            vertx
                .createHttpServer(
                    Tls.serve(options, new ReloadableKeys(identity), List.of(CA.certificate())))
                .requestHandler(this::accept)
                .exceptionHandler(e -> broken.incrementAndGet())
                .listen());
  }

  static ForeignServer start(Vertx vertx) throws Exception {
    return new ForeignServer(vertx, 0, CA);
  }

  static ForeignServer start(Vertx vertx, int port) throws Exception {
    return new ForeignServer(vertx, port, CA);
  }

  static ForeignServer of(Vertx vertx, CertificateAuthority authority) throws Exception {
    return new ForeignServer(vertx, 0, authority);
  }

  /** Answers as these servers in turn, of which each says that there are so many. */
  ForeignServer as(int count, String... ids) {
    this.count = count;
    this.ids = List.of(ids);
    return this;
  }

  /** Refuses further calls with this message, or doesn't any more when it is null. */
  void refuse(String message) {
    refusal = message;
  }

  private void accept(HttpServerRequest request) {
    attempts.add(request.headers());
    if (refusal != null) {
      request
          .response()
          .putHeader("content-type", "application/grpc")
          .putHeader("grpc-status", "2")
          .putHeader("grpc-message", refusal)
          .end();
      return;
    }
    var answer =
        MultiMap.caseInsensitiveMultiMap()
            .add("serverid", ids.get(turn.getAndIncrement() % ids.size()))
            .add("servercount", "" + count);
    calls.add(
        new Connected(RawGrpcCall.accept(request, answer), request.headers(), subject(request)));
  }

  private static String subject(HttpServerRequest request) {
    try {
      return request.sslSession().getPeerPrincipal().getName();
    } catch (javax.net.ssl.SSLPeerUnverifiedException none) {
      return "";
    }
  }

  int port() {
    return server.actualPort();
  }

  /** Writes the authority of all servers to a folder, and returns its file. */
  static Path caFile(Path folder) throws Exception {
    var file = folder.resolve("ca.crt");
    Pem.writeCertificates(file, List.of(CA.certificate()));
    return file;
  }

  /** Returns the next call of an agent. */
  Connected next() throws Exception {
    var next = calls.poll(20, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no agent has called");
    }
    return next;
  }

  /** Returns how many connections have broken before there was a request. */
  int brokenHandshakes() {
    return broken.get();
  }

  int waiting() {
    return calls.size();
  }

  Future<Void> stop() {
    return server.close();
  }

  @Override
  public void close() {
    stop().otherwiseEmpty();
  }
}
