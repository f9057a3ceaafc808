package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.PeerBinary;
import io.hubspoke.testing.TcpEndpoint;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ours with the real ones, where {@code HUBSPOKE_PEERS} names a folder with the real proxy-server
 * and proxy-agent.
 */
class PeersTest {
  private static final int LARGE = 8 << 20;

  @TempDir Path folder;
  private Vertx vertx;
  private Pki pki;
  private Peers peers;
  private RawEnds ends;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    pki = Pki.in(folder);
    peers = new Peers(pki, folder);
    ends = new RawEnds(vertx, pki);
  }

  @AfterEach
  void end() throws Exception {
    peers.close();
    Await.result(vertx.close());
  }

  static List<Conversation> ofServers() throws Exception {
    return ConversationsTest.ofServers();
  }

  static List<Conversation> ofAgents() throws Exception {
    return ConversationsTest.ofAgents();
  }

  @ParameterizedTest
  @MethodSource("ofServers")
  void the_real_server_says_what_was_recorded(Conversation conversation) throws Exception {
    var server = peers.server("grpc");
    try (var replay = new Replay()) {
      var agent = conversation.hasAgent() ? ends.agent(server.agents()) : null;
      if (agent != null) {
        server.awaitAgent();
      }
      replay.withServer(conversation, ends.client(server.frontend()), agent);
    }
  }

  @Test
  void the_real_agent_says_what_was_recorded() throws Exception {
    var server = ForeignServer.start(vertx);
    peers.agent(server.port());
    try (var replay = new Replay()) {
      for (var conversation : ofAgents()) {
        var call = server.next().call();
        replay.withAgent(conversation, call);
        call.cancel();
      }
    }
  }

  private void ourAgent(int port) {
    vertx
        .deployVerticle(
            new KonnectivityAgent(
                KonnectivityAgentOptions.of(
                    "ours",
                    ServerAccess.of("127.0.0.1", port, pki.ca())
                        .withCertificate(pki.cert("agent"), pki.key("agent")))))
        .otherwiseEmpty();
  }

  @Test
  void our_agent_serves_the_real_server() throws Exception {
    var server = peers.server("grpc");
    ourAgent(server.agents());
    server.awaitAgent();
    throughGrpc(server.frontend());
  }

  @Test
  void our_agent_serves_the_real_server_in_http_connect_mode() throws Exception {
    var server = peers.server("http-connect");
    ourAgent(server.agents());
    server.awaitAgent();
    throughConnect(server.frontend());
  }

  @Test
  void the_real_agent_serves_our_server() throws Exception {
    PeerBinary.of("proxy-agent");
    var tunnel = TestTunnel.start(vertx, pki, Mode.GRPC);
    peers.agent(tunnel.server().agentPort());
    tunnel.awaitAgents(1);
    throughGrpc(tunnel.server().serverPort());
  }

  @Test
  void the_real_agent_serves_our_server_in_http_connect_mode() throws Exception {
    PeerBinary.of("proxy-agent");
    var tunnel = TestTunnel.start(vertx, pki, Mode.HTTP_CONNECT);
    peers.agent(tunnel.server().agentPort());
    tunnel.awaitAgents(1);
    throughConnect(tunnel.server().serverPort());
  }

  /** Dials through a server in gRPC mode, moves bytes both ways, and closes. */
  private void throughGrpc(int port) throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      var stream = new ForeignStream(ends.client(port));
      var id = stream.connect(5, echo.address());
      for (var sent = 0; sent < LARGE; sent += 1 << 20) {
        stream.data(id, "x".repeat(1 << 20));
      }
      assertThat(stream.read(id, LARGE)).hasSize(LARGE);
      stream.close(id);
      assertThat(stream.closed().getError()).isEmpty();
      echo.awaitConnections(0);
      var refused = new ForeignStream(ends.client(port));
      refused.dial(6, TcpEndpoint.refused());
      assertThat(refused.dialled().getError()).contains("connection refused");
    }
  }

  /** Dials through a server in HTTP-CONNECT mode, and moves bytes both ways. */
  private void throughConnect(int port) throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      try (var socket = ConnectSocket.open(pki, port, echo.address())) {
        assertThat(socket.head()).startsWith("HTTP/1.1 200 ");
        var sent = "x".repeat(LARGE).getBytes(StandardCharsets.US_ASCII);
        Thread.ofVirtual().start(() -> socket.write(sent));
        assertThat(socket.read(LARGE)).isEqualTo(sent);
      }
      echo.awaitConnections(0);
    }
  }
}
