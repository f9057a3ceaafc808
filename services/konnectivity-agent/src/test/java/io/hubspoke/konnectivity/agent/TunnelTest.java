package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Our agent with our server and our dialer. */
class TunnelTest {
  @TempDir Path folder;
  private Vertx vertx;
  private TestTunnel tunnel;
  private Dialer dialer;
  private TcpEndpoint echo;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    tunnel = TestTunnel.start(vertx, Pki.in(folder), Mode.GRPC);
    dialer = tunnel.dialer();
    echo = TcpEndpoint.echo();
  }

  @AfterEach
  void end() throws Exception {
    echo.close();
    Await.result(vertx.close());
  }

  private KonnectivityAgent agent(KonnectivityAgentOptions options) throws Exception {
    var agent = new KonnectivityAgent(options);
    Await.result(vertx.deployVerticle(agent));
    return agent;
  }

  private KonnectivityAgent connected() throws Exception {
    var agent = agent(tunnel.agentOptions("agent-1"));
    tunnel.awaitAgents(1);
    return agent;
  }

  private Duplex dial(String address) throws Exception {
    return Await.result(tunnel.dial(dialer, address));
  }

  private void awaitNothingLeft(KonnectivityAgent agent) throws Exception {
    Await.until("connections of the agent", agent::connections, n -> n == 0);
    Await.until(
        "connections of the server", () -> tunnel.server().establishedConnections(), n -> n == 0);
  }

  @Test
  void bytes_go_both_ways_until_the_dialer_ends() throws Exception {
    var agent = connected();
    var duplex = dial(echo.address());
    var sent = "hello".repeat(500_000);
    duplex.write(Buffer.buffer(sent)).otherwiseEmpty();
    assertThat(Await.result(TestTunnel.read(duplex, sent.length())).toString()).isEqualTo(sent);
    assertThat(agent.connections()).isPositive();
    duplex.end().otherwiseEmpty();
    echo.awaitConnections(0);
    awaitNothingLeft(agent);
  }

  @Test
  void an_endpoint_that_ends_is_read_to_its_last_byte() throws Exception {
    var last = "x".repeat(3_000_000);
    try (var speaker =
        new TcpEndpoint(
            socket -> socket.getOutputStream().write(last.getBytes(StandardCharsets.US_ASCII)))) {
      var agent = connected();
      assertThat(Await.result(TestTunnel.readAll(dial(speaker.address()))).length())
          .isEqualTo(last.length());
      awaitNothingLeft(agent);
    }
  }

  @Test
  void an_endpoint_that_resets_breaks_the_connection() throws Exception {
    try (var rude =
        new TcpEndpoint(
            socket -> {
              if (socket.getInputStream().read() >= 0) {
                socket.setSoLinger(true, 0);
              }
            })) {
      var agent = connected();
      var duplex = dial(rude.address());
      var read = TestTunnel.readAll(duplex);
      duplex.write(Buffer.buffer("?")).otherwiseEmpty();
      assertThat(Await.failure(read)).isNotInstanceOf(TunnelDownException.class);
      awaitNothingLeft(agent);
    }
  }

  @Test
  void a_dialer_that_resets_ends_the_endpoints_connection() throws Exception {
    var agent = connected();
    var duplex = dial(echo.address());
    echo.awaitConnections(1);
    duplex.reset().otherwiseEmpty();
    echo.awaitConnections(0);
    awaitNothingLeft(agent);
  }

  @Test
  void what_the_agent_cannot_dial_the_dialer_is_told() throws Exception {
    connected();
    var nobody = TcpEndpoint.refused();
    assertThat(Await.failure(tunnel.dial(dialer, nobody)))
        .hasMessageContaining("dial tcp " + nobody + ": connect: connection refused")
        .isNotInstanceOf(TunnelDownException.class);
    assertThat(Await.failure(tunnel.dial(dialer, "no-such-host.invalid:80")))
        .hasMessageContaining("lookup no-such-host.invalid: no such host");
  }

  @Test
  void without_an_agent_the_tunnel_is_down() throws Exception {
    assertThat(Await.failure(tunnel.dial(dialer, echo.address())))
        .isInstanceOf(TunnelDownException.class);
  }

  @Test
  void a_killed_agent_ends_its_connections_at_both_ends_at_once() throws Exception {
    try (var process = AgentProcess.start(folder, tunnel)) {
      tunnel.awaitAgents(1);
      var duplex = dial(echo.address());
      var read = TestTunnel.readAll(duplex);
      echo.awaitConnections(1);
      process.kill();
      // Who waits for a missing answer waits for an hour; bench tunnel measures how long it takes.
      assertThat(Await.failure(read)).isNotNull();
      echo.awaitConnections(0);
      Await.until(
          "connections of the server", () -> tunnel.server().establishedConnections(), n -> n == 0);
    }
  }

  @Test
  void an_agent_that_stops_is_given_no_more_dials_and_its_connections_go_on() throws Exception {
    var draining =
        Await.result(
            vertx.deployVerticle(
                new KonnectivityAgent(
                    tunnel
                        .agentOptions("first")
                        .withDialling(Dialling.DEFAULT.withGrace(Duration.ofSeconds(20))))));
    tunnel.awaitAgents(1);
    var duplex = dial(echo.address());
    var stopped = vertx.undeploy(draining);
    var second = agent(tunnel.agentOptions("second"));
    tunnel.awaitAgents(2);
    for (var i = 0; i < 20; i++) {
      var other = dial(echo.address());
      Await.until("it is the second's", second::connections, n -> n > 0);
      other.reset().otherwiseEmpty();
      awaitNothing(second);
    }
    duplex.write(Buffer.buffer("still here")).otherwiseEmpty();
    assertThat(Await.result(TestTunnel.read(duplex, 10))).hasToString("still here");
    assertThat(stopped.isComplete()).isFalse();
    duplex.end().otherwiseEmpty();
    Await.result(stopped);
  }

  private static void awaitNothing(KonnectivityAgent agent) throws Exception {
    Await.until("connections of the agent", agent::connections, n -> n == 0);
  }

  @Test
  void a_server_that_comes_back_is_found_again() throws Exception {
    var agent = connected();
    var read = TestTunnel.readAll(dial(echo.address()));
    echo.awaitConnections(1);
    tunnel.restart(Mode.GRPC);
    assertThat(Await.failure(read)).isNotNull();
    echo.awaitConnections(0);
    tunnel.awaitAgents(1);
    dial(echo.address());
    assertThat(agent.connectedServers()).isEqualTo(1);
  }

  @Test
  void an_agent_with_a_certificate_of_another_authority_is_refused() throws Exception {
    var rogue =
        CertificateAuthority.create("rogue", Duration.ofDays(1))
            .issueClient("agent", List.of(), Duration.ofDays(1));
    rogue.write(folder.resolve("rogue.crt"), folder.resolve("rogue.key"));
    var refused =
        agent(
            KonnectivityAgentOptions.of(
                "rogue",
                tunnel
                    .agentOptions("rogue")
                    .server()
                    .withCertificate(folder.resolve("rogue.crt"), folder.resolve("rogue.key"))));
    connected();
    assertThat(refused.connectedServers()).isZero();
    assertThat(tunnel.server().connectedAgents()).isEqualTo(1);
  }

  @Test
  void an_endpoint_that_stops_reading_holds_back_its_own_connection_and_no_other()
      throws Exception {
    var go = new CountDownLatch(1);
    var got = new CountDownLatch(1);
    var total = 16 << 20;
    try (var stopped =
        new TcpEndpoint(
            socket -> {
              go.await();
              if (socket.getInputStream().readNBytes(total).length == total) {
                got.countDown();
              }
            })) {
      connected();
      var held = dial(stopped.address());
      // What doesn't fit waits at the writer, who minds it or not.
      held.write(Buffer.buffer(new byte[total])).otherwiseEmpty();
      for (var i = 0; i < 20; i++) {
        var other = dial(echo.address());
        other.write(Buffer.buffer(new byte[1 << 20])).otherwiseEmpty();
        Await.result(TestTunnel.read(other, 1 << 20));
        other.reset().otherwiseEmpty();
      }
      assertThat(held.writeQueueFull()).isTrue();
      go.countDown();
      assertThat(got.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void a_target_that_takes_less_than_it_is_sent_is_told_of_once() throws Exception {
    var log = (Logger) LoggerFactory.getLogger(ServerStream.class);
    var told = new ListAppender<ILoggingEvent>();
    told.list = new CopyOnWriteArrayList<>();
    told.start();
    log.addAppender(told);
    try (var stopped = new TcpEndpoint(socket -> new CountDownLatch(1).await())) {
      agent(
          tunnel
              .agentOptions("agent-1")
              .withDialling(Dialling.DEFAULT.withGrace(Duration.ZERO).withWarning()));
      tunnel.awaitAgents(1);
      var held = dial(stopped.address());
      held.write(Buffer.buffer(new byte[16 << 20])).otherwiseEmpty();
      var expected = stopped.address() + " takes less than it is sent";
      Await.until(
          "lines that say so",
          () -> List.copyOf(told.list).stream().filter(e -> said(e, expected)).count(),
          n -> n == 1);
      held.reset().otherwiseEmpty();
    } finally {
      log.detachAppender(told);
    }
  }

  private static boolean said(ILoggingEvent event, String what) {
    return event.getFormattedMessage().contains(what);
  }

  @Test
  void a_dialer_that_stops_reading_holds_back_its_own_connection_and_no_other() throws Exception {
    var total = 16 << 20;
    try (var speaker = new TcpEndpoint(socket -> socket.getOutputStream().write(new byte[total]))) {
      connected();
      var held = dial(speaker.address());
      for (var i = 0; i < 20; i++) {
        var other = dial(echo.address());
        other.write(Buffer.buffer(new byte[1 << 20])).otherwiseEmpty();
        Await.result(TestTunnel.read(other, 1 << 20));
        other.reset().otherwiseEmpty();
      }
      // The endpoint could not write it all: nobody holds that much for a reader.
      assertThat(speaker.connections()).isEqualTo(1);
      assertThat(Await.result(TestTunnel.readAll(held)).length()).isEqualTo(total);
    }
  }
}
