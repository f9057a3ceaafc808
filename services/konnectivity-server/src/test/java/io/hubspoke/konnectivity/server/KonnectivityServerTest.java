package io.hubspoke.konnectivity.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.konnectivity.GrpcDialer;
import io.hubspoke.tunnel.konnectivity.HttpConnectDialer;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.hubspoke.tunnel.konnectivity.TunnelServer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KonnectivityServerTest {
  @TempDir private static Path directory;
  private static Vertx vertx;
  private static TestPki pki;
  private static NetServer echo;
  private static Target target;

  private final List<Dialer> dialers = new ArrayList<>();
  private final List<TestAgent> agents = new ArrayList<>();
  private String deployment;
  private KonnectivityServer server;
  private Path socket;

  @BeforeAll
  static void start() throws Exception {
    vertx = Vertx.vertx();
    pki = new TestPki(directory);
    echo =
        vertx
            .createNetServer()
            .connectHandler(
                s -> {
                  s.exceptionHandler(e -> {});
                  s.pipeTo(s);
                });
    Await.result(echo.listen(0, "127.0.0.1"));
    target = new Target("127.0.0.1", echo.actualPort());
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  @AfterEach
  void end() throws Exception {
    for (TestAgent agent : agents) {
      agent.kill();
    }
    for (Dialer dialer : dialers) {
      Await.result(dialer.close());
    }
    if (deployment != null) {
      Await.result(vertx.undeploy(deployment));
    }
  }

  private void serve(KonnectivityServerOptions options) throws Exception {
    server = new KonnectivityServer(options);
    deployment = Await.result(vertx.deployVerticle(server));
  }

  private static SocketAddress any() {
    return SocketAddress.inetSocketAddress(0, "127.0.0.1");
  }

  private KonnectivityServerOptions unix(Mode mode) throws IOException {
    socket = Files.createTempDirectory("kon").resolve("k.sock");
    return KonnectivityServerOptions.of(
        "server-1", FrontendOptions.unix(mode, socket), new AgentListenerOptions(any(), pki.files));
  }

  private Dialer dialer(Mode mode) {
    TunnelServer at =
        socket == null
            ? TunnelServer.tls("127.0.0.1", server.serverPort(), pki.client(), pki.trust())
            : TunnelServer.unix(socket);
    Dialer dialer =
        switch (mode) {
          case GRPC -> new GrpcDialer(vertx, "grpc", at);
          case HTTP_CONNECT -> new HttpConnectDialer(vertx, "http-connect", at);
        };
    dialers.add(dialer);
    return dialer;
  }

  private TestAgent agent(String id) throws Exception {
    var agent = new TestAgent(vertx, pki.client(), pki.trust(), TestAgent.named(id));
    agents.add(agent);
    agent.connect(server.agentPort());
    Await.until("the agent is known", () -> server.connectedAgents() >= agents.size());
    return agent;
  }

  private boolean refuses(Dialer dialer) throws Exception {
    try {
      Await.result(dialer.dial(target)).reset();
      return false;
    } catch (IOException refused) {
      return true;
    }
  }

  private static Buffer random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return Buffer.buffer(bytes);
  }

  private static Future<Buffer> read(Duplex from, int length) {
    Promise<Buffer> all = Promise.promise();
    Buffer read = Buffer.buffer();
    from.handler(
            bytes -> {
              read.appendBuffer(bytes);
              if (read.length() >= length) {
                all.tryComplete(read);
              }
            })
        .endHandler(v -> all.tryFail("ended after " + read.length()))
        .exceptionHandler(all::tryFail)
        .resume();
    return all.future();
  }

  private void nothingIsLeft() throws Exception {
    Await.until("no connection is left at the server", () -> server.establishedConnections() == 0);
    Await.until(
        "no connection is left at agents",
        () -> agents.stream().mapToInt(a -> a.connections() + a.pending()).sum() == 0);
  }

  private void echoes(Dialer dialer, int length) throws Exception {
    Duplex connection = Await.result(dialer.dial(target));
    Buffer sent = random(length);
    Future<Buffer> read = read(connection, length);
    connection.write(sent);
    assertThat(Await.result(read)).isEqualTo(sent);
    connection.end();
    Await.result(connection.closed());
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whatIsDialledOverAUnixSocketIsReachedThroughAnAgent(Mode mode) throws Exception {
    serve(unix(mode));
    agent("a");
    Dialer dialer = dialer(mode);
    echoes(dialer, 3_000_000);
    echoes(dialer, 1);
    nothingIsLeft();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whatIsDialledOverTlsIsReachedThroughAnAgent(Mode mode) throws Exception {
    serve(
        KonnectivityServerOptions.of(
            "server-1",
            FrontendOptions.tls(mode, any(), pki.files),
            new AgentListenerOptions(any(), pki.files)));
    agent("a");
    echoes(dialer(mode), 3_000_000);
    nothingIsLeft();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whoWritesWithoutAPauseIsToldInTimeThatItIsFull(Mode mode) throws Exception {
    serve(
        KonnectivityServerOptions.of(
            "server-1",
            FrontendOptions.tls(mode, any(), pki.files),
            new AgentListenerOptions(any(), pki.files)));
    agent("a");
    Dialer dialer = dialer(mode);
    Buffer block = random(64 << 10);
    Promise<Integer> blocks = Promise.promise();
    vertx.runOnContext(
        v ->
            dialer
                .dial(target)
                .onSuccess(
                    connection -> {
                      int written = 0;
                      while (!connection.writeQueueFull() && written < 1000) {
                        connection.write(block).otherwiseEmpty();
                        written++;
                      }
                      connection.reset().otherwiseEmpty();
                      blocks.complete(written);
                    })
                .onFailure(blocks::fail));
    assertThat(Await.result(blocks.future())).isLessThan(1000);
    nothingIsLeft();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void withoutAnAgentTheTunnelIsDown(Mode mode) throws Exception {
    serve(unix(mode));
    assertThat(Await.failure(dialer(mode).dial(target)))
        .isInstanceOf(TunnelDownException.class)
        .hasMessageContaining("No agent available");
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void withoutAServerTheTunnelIsDown(Mode mode) throws Exception {
    socket = directory.resolve("nobody.sock");
    assertThat(Await.failure(dialer(mode).dial(target)))
        .isInstanceOf(TunnelDownException.class)
        .hasMessageContaining("cannot reach " + socket);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aTargetThatRefusesIsNoFaultOfTheTunnel(Mode mode) throws Exception {
    serve(unix(mode));
    agent("a");
    assertThat(Await.failure(dialer(mode).dial(new Target("127.0.0.1", 1))))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(TunnelDownException.class)
        .hasMessage("dial tcp 127.0.0.1:1: connect: connection refused");
    nothingIsLeft();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void anAgentThatIsKilledEndsItsConnectionsAndDialsAndNoOthers(Mode mode) throws Exception {
    serve(unix(mode).withStrategies(List.of(ProxyStrategy.DEST_HOST)));
    var named = TestAgent.named("a").add(Metadata.AGENT_IDENTIFIERS, "host=hang.invalid");
    var dying = new TestAgent(vertx, pki.client(), pki.trust(), named);
    agents.add(dying);
    dying.connect(server.agentPort());
    var other =
        new TestAgent(
            vertx,
            pki.client(),
            pki.trust(),
            TestAgent.named("b").add(Metadata.AGENT_IDENTIFIERS, "ipv4=127.0.0.1"));
    agents.add(other);
    other.connect(server.agentPort());
    Dialer dialer = dialer(mode);
    Duplex goesOn = Await.result(dialer.dial(target));
    Future<Duplex> dialling = dialer.dial(new Target("hang.invalid", 1));
    Await.until("the dial has come", () -> dying.pending() == 1);
    dying.kill();
    assertThat(Await.failure(dialling)).isInstanceOf(TunnelDownException.class);
    Future<Buffer> read = read(goesOn, 5);
    goesOn.write(Buffer.buffer("hello"));
    assertThat(Await.result(read)).hasToString("hello");

    other.kill();
    if (mode == Mode.GRPC) {
      assertThat(Await.failure(goesOn.closed())).isInstanceOf(IOException.class);
    } else {
      // A Unix socket has no reset.
      Await.result(goesOn.closed());
    }
    Await.until("no connection is left", () -> server.establishedConnections() == 0);
    Await.until("no agent is left", () -> server.connectedAgents() == 0);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aConnectionWhoseReaderStopsLeavesTheOthersAlone(Mode mode) throws Exception {
    serve(unix(mode));
    agent("a");
    Dialer dialer = dialer(mode);
    Duplex stopped = Await.result(dialer.dial(target));
    for (int i = 0; i < 400 && !stopped.writeQueueFull(); i++) {
      stopped.write(random(100_000));
    }
    assertThat(stopped.writeQueueFull()).isTrue();
    echoes(dialer, 3_000_000);
    stopped.reset();
    nothingIsLeft();
  }

  @Test
  void agentsAreToldWhichServerItIsAndHowManyThereAre() throws Exception {
    serve(unix(Mode.GRPC).withServerCount(3));
    var said = agent("a").serverSaid();
    assertThat(said.get(Metadata.SERVER_ID)).isEqualTo("server-1");
    assertThat(said.get(Metadata.SERVER_COUNT)).isEqualTo("3");
  }

  @Test
  void anAgentWithoutACertificateOfTheAuthorityIsNotServed() throws Exception {
    serve(unix(Mode.GRPC));
    for (var keys : java.util.Arrays.asList(null, TestPki.rogue())) {
      var agent = new TestAgent(vertx, keys, pki.trust(), TestAgent.named("a"));
      assertThatThrownBy(() -> agent.connect(server.agentPort())).isInstanceOf(Exception.class);
    }
    assertThat(server.connectedAgents()).isZero();
  }

  @Test
  void agentsThatDrainAreDialledOnlyWhenThereIsNoOther() throws Exception {
    serve(unix(Mode.GRPC));
    TestAgent draining = agent("a");
    Dialer dialer = dialer(Mode.GRPC);
    draining.drain();
    echoes(dialer, 1);
    assertThat(draining.dialled).hasValue(1);
    TestAgent other = agent("b");
    for (int i = 0; i < 20; i++) {
      echoes(dialer, 1);
    }
    assertThat(draining.dialled).hasValue(1);
    assertThat(other.dialled).hasValue(20);
  }

  @Test
  void aServerThatStopsGivesConnectionsTheirTime() throws Exception {
    serve(unix(Mode.GRPC).withGrace(Duration.ofSeconds(20)));
    agent("a");
    Dialer dialer = dialer(Mode.GRPC);
    Duplex connection = Await.result(dialer.dial(target));
    Future<Void> stopped = vertx.undeploy(deployment);
    deployment = null;
    Await.until("it has no more dials", () -> refuses(dialer));
    Future<Buffer> read = read(connection, 5);
    connection.write(Buffer.buffer("hello"));
    assertThat(Await.result(read)).hasToString("hello");
    assertThat(stopped.isComplete()).isFalse();
    connection.end();
    Await.result(stopped);
    assertThat(socket).doesNotExist();
  }

  /** As the real apiserver calls over a Unix socket. */
  @Test
  void theSocketsPathMayBeTheAuthority() throws Exception {
    serve(unix(Mode.GRPC));
    var client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    var request =
        Await.result(
            client.request(
                new RequestOptions()
                    .setServer(SocketAddress.domainSocketAddress(socket.toString()))
                    .setHost("localhost")
                    .setURI("/Other/Method")
                    .setMethod(HttpMethod.POST)));
    request.authority(HostAndPort.create("%2Frun%2Fkonnectivity.sock", -1));
    request.putHeader("content-type", "application/grpc");
    var response = Await.result(request.send());
    assertThat(response.getHeader("grpc-status")).isEqualTo("12");
    assertThat(response.getHeader("grpc-message")).isEqualTo("unknown service Other");
    Await.result(client.close());
  }
}
