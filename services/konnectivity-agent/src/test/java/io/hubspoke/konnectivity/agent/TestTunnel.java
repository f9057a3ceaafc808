package io.hubspoke.konnectivity.agent;

import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.FrontendOptions;
import io.hubspoke.konnectivity.server.KonnectivityServer;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.konnectivity.GrpcDialer;
import io.hubspoke.tunnel.konnectivity.HttpConnectDialer;
import io.hubspoke.tunnel.konnectivity.TunnelServer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Our server with our agents and our dialer, mTLS on both legs. */
final class TestTunnel {
  static final Duration SOON = Duration.ofMillis(20);

  final Vertx vertx;
  final Pki pki;
  private KonnectivityServer server;
  private String deployment;

  TestTunnel(Vertx vertx, Pki pki) {
    this.vertx = vertx;
    this.pki = pki;
  }

  /** Starts a server at any free ports. */
  static TestTunnel start(Vertx vertx, Pki pki, FrontendOptions.Mode mode) throws Exception {
    var tunnel = new TestTunnel(vertx, pki);
    tunnel.serve(tunnel.options(mode, "server-1", 0, 0));
    return tunnel;
  }

  KonnectivityServerOptions options(
      FrontendOptions.Mode mode, String id, int frontend, int agents) {
    var files = new ServingFiles(pki.cert("server"), pki.key("server"), pki.ca());
    return KonnectivityServerOptions.of(
        id,
        FrontendOptions.tls(mode, SocketAddress.inetSocketAddress(frontend, "127.0.0.1"), files),
        new AgentListenerOptions(SocketAddress.inetSocketAddress(agents, "127.0.0.1"), files));
  }

  /** Serves clients at a Unix socket, by gRPC. */
  KonnectivityServerOptions unix(Path socket) {
    var tls = options(FrontendOptions.Mode.GRPC, "server-1", 0, 0);
    return KonnectivityServerOptions.of(
        "server-1", FrontendOptions.unix(FrontendOptions.Mode.GRPC, socket), tls.agents());
  }

  void serve(KonnectivityServerOptions options) throws Exception {
    server = new KonnectivityServer(options);
    deployment = Await.result(vertx.deployVerticle(server));
  }

  /** Stops the server, and starts another one at the same ports. */
  void restart(FrontendOptions.Mode mode) throws Exception {
    var same = options(mode, "server-1", server.serverPort(), server.agentPort());
    stop();
    serve(same);
  }

  void stop() throws Exception {
    Await.result(vertx.undeploy(deployment));
  }

  KonnectivityServer server() {
    return server;
  }

  KonnectivityAgentOptions agentOptions(String id) {
    return KonnectivityAgentOptions.of(
            id,
            ServerAccess.of("127.0.0.1", server.agentPort(), pki.ca())
                .withCertificate(pki.cert("agent"), pki.key("agent")))
        .withSyncing(Syncing.DEFAULT.withIntervals(SOON, SOON.multipliedBy(5)))
        .withDialling(Dialling.DEFAULT.withGrace(Duration.ZERO));
  }

  /** Waits until as many agents are connected. */
  void awaitAgents(int count) throws Exception {
    Await.until("agents of the server", () -> server.connectedAgents(), n -> n == count);
  }

  Dialer dialer() throws IOException {
    return new GrpcDialer(vertx, "tunnel", frontend());
  }

  Dialer connectDialer() throws IOException {
    return new HttpConnectDialer(vertx, "tunnel", frontend());
  }

  private TunnelServer frontend() throws IOException {
    return TunnelServer.tls(
        "127.0.0.1",
        server.serverPort(),
        new ReloadableKeys(pki.identity("client")),
        Tls.trust(List.of(ForeignServer.CA.certificate())));
  }

  static Target target(String address) {
    return ServerStream.target(address);
  }

  /** Dials on a context of its own. */
  Future<Duplex> dial(Dialer dialer, String address) {
    Promise<Duplex> dialled = Promise.promise();
    vertx.runOnContext(v -> dialer.dial(target(address)).onComplete(dialled));
    return dialled.future();
  }

  /** Reads until there are as many bytes. */
  static Future<Buffer> read(Duplex from, int length) {
    Promise<Buffer> read = Promise.promise();
    var bytes = Buffer.buffer();
    from.exceptionHandler(read::tryFail);
    from.endHandler(v -> read.tryFail("ended after " + bytes.length() + " bytes"));
    from.handler(
        more -> {
          bytes.appendBuffer(more);
          if (bytes.length() >= length) {
            read.tryComplete(bytes);
          }
        });
    from.resume();
    return read.future();
  }

  /** Reads to the end. */
  static Future<Buffer> readAll(Duplex from) {
    Promise<Buffer> read = Promise.promise();
    var bytes = Buffer.buffer();
    from.exceptionHandler(read::tryFail);
    from.endHandler(v -> read.tryComplete(bytes));
    from.handler(bytes::appendBuffer);
    from.resume();
    return read.future();
  }
}
