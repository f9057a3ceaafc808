package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the real ends say to each other, ours say too. */
class ConversationsTest {
  private static final Duration SOON = Duration.ofMillis(20);

  @TempDir static Path folder;
  private static Vertx vertx;
  private static ForeignServer server;
  private static Pki pki;
  private static RawEnds ends;

  @BeforeAll
  static void serve() throws Exception {
    vertx = Component.vertx();
    pki = Pki.in(folder);
    ends = new RawEnds(vertx, pki);
    server = ForeignServer.start(vertx);
    vertx
        .deployVerticle(
            new KonnectivityAgent(
                KonnectivityAgentOptions.of(
                        "agent-1", ServerAccess.of("127.0.0.1", server.port(), pki.ca()))
                    .withSyncing(Syncing.DEFAULT.withIntervals(SOON, SOON))))
        .otherwiseEmpty();
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  static List<Conversation> ofAgents() throws Exception {
    return Conversation.all().stream().filter(Conversation::isOfAgent).toList();
  }

  static List<Conversation> ofServers() throws Exception {
    return Conversation.all().stream().filter(Conversation::isOfServer).toList();
  }

  @Test
  void there_are_conversations() throws Exception {
    assertThat(ofAgents()).hasSizeGreaterThan(6);
    assertThat(ofServers()).hasSizeGreaterThan(10);
  }

  @ParameterizedTest
  @MethodSource("ofAgents")
  void the_agent_says_what_the_real_one_says(Conversation conversation) throws Exception {
    try (var replay = new Replay()) {
      var call = server.next().call();
      replay.withAgent(conversation, call);
      call.cancel();
    }
  }

  @ParameterizedTest
  @MethodSource("ofServers")
  void the_server_says_what_the_real_one_says(Conversation conversation) throws Exception {
    var tunnel = TestTunnel.start(vertx, pki, FrontendOptions.Mode.GRPC);
    try (var replay = new Replay()) {
      var agent = conversation.hasAgent() ? ends.agent(tunnel.server().agentPort()) : null;
      tunnel.awaitAgents(agent == null ? 0 : 1);
      replay.withServer(conversation, ends.client(tunnel.server().serverPort()), agent);
    }
    tunnel.stop();
  }

  @Test
  void a_client_may_name_the_unix_socket_as_the_authority() throws Exception {
    var socket = folder.resolve("konnectivity.sock");
    var tunnel = new TestTunnel(vertx, pki);
    tunnel.serve(tunnel.unix(socket));
    var stream = new ForeignStream(ends.client(socket));
    stream.dial(1, "127.0.0.1:80");
    assertThat(stream.dialled().getError()).contains("No agent available");
    tunnel.stop();
  }
}
