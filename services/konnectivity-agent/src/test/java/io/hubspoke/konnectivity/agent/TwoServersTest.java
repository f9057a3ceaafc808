package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two of our servers behind one address, and agents that are connected with both. */
class TwoServersTest {
  private static final int AGENTS = 2;

  @TempDir Path folder;
  private final List<TestTunnel> tunnels = new ArrayList<>();
  private final List<Vertx> machines = new ArrayList<>();
  private final List<KonnectivityAgent> agents = new ArrayList<>();
  private Vertx vertx;
  private TcpEndpoint echo;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    var pki = Pki.in(folder);
    for (var id : List.of("server-1", "server-2")) {
      var machine = Component.vertx();
      machines.add(machine);
      var tunnel = new TestTunnel(machine, pki);
      tunnel.serve(tunnel.options(Mode.GRPC, id, 0, 0).withServerCount(2));
      tunnels.add(tunnel);
    }
    var balancer = balancer();
    for (var i = 1; i <= AGENTS; i++) {
      var like = tunnels.getFirst().agentOptions("agent-" + i);
      var agent =
          new KonnectivityAgent(
              KonnectivityAgentOptions.of(
                      "agent-" + i,
                      ServerAccess.of("127.0.0.1", balancer.actualPort(), pki.ca())
                          .withCertificate(pki.cert("agent"), pki.key("agent")))
                  .withSyncing(like.syncing())
                  .withDialling(like.dialling()));
      Await.result(vertx.deployVerticle(agent));
      agents.add(agent);
    }
    for (var tunnel : tunnels) {
      tunnel.awaitAgents(AGENTS);
    }
    echo = TcpEndpoint.echo();
  }

  @AfterEach
  void end() throws Exception {
    echo.close();
    Await.result(vertx.close());
    for (var machine : machines) {
      Await.result(machine.close());
    }
  }

  /** Brings each connection to the next server. */
  private NetServer balancer() throws Exception {
    var client = vertx.createNetClient();
    var next = new AtomicInteger();
    return Await.result(
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  socket.pause();
                  var tunnel = tunnels.get(next.getAndIncrement() % tunnels.size());
                  client
                      .connect(tunnel.server().agentPort(), "127.0.0.1")
                      .onComplete(
                          server -> join(socket, server), e -> socket.close().otherwiseEmpty());
                })
            .listen(0, "127.0.0.1"));
  }

  private static void join(NetSocket one, NetSocket other) {
    one.exceptionHandler(e -> {});
    other.exceptionHandler(e -> {});
    one.closeHandler(v -> other.close().otherwiseEmpty());
    other.closeHandler(v -> one.close().otherwiseEmpty());
    one.pipeTo(other).otherwiseEmpty();
    other.pipeTo(one).otherwiseEmpty();
  }

  private Duplex dial(TestTunnel tunnel) throws Exception {
    return Await.result(tunnel.dial(tunnel.dialer(), echo.address()));
  }

  private static void assertThatItWorks(Duplex duplex) throws Exception {
    duplex.write(Buffer.buffer("here")).otherwiseEmpty();
    assertThat(Await.result(TestTunnel.read(duplex, 4))).hasToString("here");
  }

  @Test
  void the_end_of_one_leaves_the_others_connections_and_dials_alone() throws Exception {
    var lost = dial(tunnels.getFirst());
    var kept = dial(tunnels.getLast());
    assertThatItWorks(lost);
    assertThatItWorks(kept);
    var end = TestTunnel.readAll(lost);
    Await.result(machines.getFirst().close());
    assertThat(end.isComplete() || Await.failure(end) != null).isTrue();
    echo.awaitConnections(1);
    assertThatItWorks(kept);
    for (var i = 0; i < 2 * AGENTS; i++) {
      var another = dial(tunnels.getLast());
      assertThatItWorks(another);
      another.reset().otherwiseEmpty();
    }
    Await.until(
        "servers of the agents",
        () -> agents.stream().mapToInt(KonnectivityAgent::connectedServers).sum(),
        n -> n == AGENTS);
    kept.end().otherwiseEmpty();
    echo.awaitConnections(0);
  }
}
