package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.AddressRange;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.konnectivity.wire.Packet;
import io.hubspoke.tunnel.konnectivity.wire.PacketType;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The agent against servers that are none of ours: they know nothing of its flow control. */
class KonnectivityAgentTest {
  private static final Duration SOON = Duration.ofMillis(20);

  @TempDir Path folder;
  private Vertx vertx;
  private ForeignServer server;
  private KonnectivityAgentOptions options;
  private String deployment;

  @BeforeEach
  void serve() throws Exception {
    vertx = Component.vertx();
    server = ForeignServer.start(vertx);
    options = options(server);
  }

  private KonnectivityAgentOptions options(ForeignServer server) throws Exception {
    var certificate = folder.resolve("agent.crt");
    var key = folder.resolve("agent.key");
    issue("system:konnectivity-agent").write(certificate, key);
    return KonnectivityAgentOptions.of(
            "agent-1",
            ServerAccess.of("127.0.0.1", server.port(), ForeignServer.caFile(folder))
                .withCertificate(certificate, key))
        .withSyncing(Syncing.DEFAULT.withIntervals(SOON, SOON.multipliedBy(4)))
        .withDialling(Dialling.DEFAULT.withGrace(Duration.ofSeconds(20)));
  }

  private static io.hubspoke.pki.Identity issue(String name) {
    return ForeignServer.CA.issueClient(name, List.of(), Duration.ofDays(1));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private void start() throws Exception {
    deployment = Await.result(vertx.deployVerticle(new KonnectivityAgent(options)));
  }

  private ForeignStream connected() throws Exception {
    start();
    return new ForeignStream(server.next().call());
  }

  @Test
  void it_says_who_it_is_and_what_it_can_reach() throws Exception {
    options = options.withIdentifiers("host=node-1&cidr=10.0.0.0%2F8&default-route=true");
    start();
    var connected = server.next();
    assertThat(connected.subject()).isEqualTo("CN=system:konnectivity-agent");
    assertThat(connected.headers().get("agentid")).isEqualTo("agent-1");
    assertThat(connected.headers().get("agentidentifiers"))
        .isEqualTo("host=node-1&cidr=10.0.0.0%2F8&default-route=true");
    assertThat(connected.headers().contains("authorization")).isFalse();
  }

  @Test
  void it_dials_and_moves_bytes_both_ways_until_the_server_closes() throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      var id = stream.connect(7, echo.address());
      stream.data(id, "hello");
      assertThat(stream.read(id, 5)).isEqualTo("hello");
      echo.awaitConnections(1);
      stream.close(id);
      var closed = stream.closed();
      assertThat(closed.getConnectID()).isEqualTo(id);
      assertThat(closed.getError()).isEmpty();
      echo.awaitConnections(0);
    }
  }

  @Test
  void what_was_sent_before_the_close_still_reaches_the_endpoint() throws Exception {
    var got = new CountDownLatch(1);
    var length = 1 << 20;
    try (var sink =
        new TcpEndpoint(
            socket -> {
              if (socket.getInputStream().readAllBytes().length == length) {
                got.countDown();
              }
            })) {
      var stream = connected();
      var id = stream.connect(7, sink.address());
      for (var sent = 0; sent < length; sent += 1 << 16) {
        stream.data(id, new byte[1 << 16]);
      }
      stream.close(id);
      assertThat(got.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void an_endpoint_that_says_its_last_ends_the_connection_after_its_bytes() throws Exception {
    try (var speaker =
        new TcpEndpoint(
            socket -> socket.getOutputStream().write("bye".getBytes(StandardCharsets.UTF_8)))) {
      var stream = connected();
      var id = stream.connect(7, speaker.address());
      assertThat(stream.read(id, 3)).isEqualTo("bye");
      assertThat(stream.closed().getConnectID()).isEqualTo(id);
      speaker.awaitConnections(0);
    }
  }

  @Test
  void an_endpoint_that_goes_on_after_the_close_is_told_that_nobody_reads() throws Exception {
    var told = new CountDownLatch(1);
    try (var chatter =
        new TcpEndpoint(
            socket -> {
              try {
                while (true) {
                  socket.getOutputStream().write(new byte[4096]);
                }
              } finally {
                told.countDown();
              }
            })) {
      var stream = connected();
      var id = stream.connect(7, chatter.address());
      stream.next(PacketType.DATA);
      stream.close(id);
      assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
      chatter.awaitConnections(0);
    }
  }

  @Test
  void a_silent_endpoint_does_not_keep_its_socket_after_the_close() throws Exception {
    try (var silent = new TcpEndpoint(socket -> new CountDownLatch(1).await())) {
      options = options.withServing(free(), null);
      var stream = connected();
      var id = stream.connect(7, silent.address());
      assertThat(metric("open_endpoint_connections")).isEqualTo("1");
      stream.close(id);
      stream.closed();
      Await.until("sockets of the agent", () -> metric("open_endpoint_connections"), "0"::equals);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tcp, no-such-host.invalid:80, dial tcp: lookup no-such-host.invalid: no such host",
    "tcp, nonsense, dial tcp: address nonsense: missing port in address",
    "tcp, '::1:80', dial tcp: address ::1:80: too many colons in address",
    "sctp, 127.0.0.1:80, dial sctp: unknown network sctp",
    "unix, /var/run/x.sock:1, dial unix: unknown network unix",
  })
  void a_dial_that_cannot_be_done_is_refused_as_the_real_agent_words_it(
      String protocol, String address, String error) throws Exception {
    var stream = connected();
    stream.dial(7, protocol, address);
    var answer = stream.dialled();
    assertThat(answer.getError()).isEqualTo(error);
    assertThat(answer.getRandom()).isEqualTo(7);
    assertThat(answer.getConnectID()).isZero();
  }

  @Test
  void a_refused_dial_says_so() throws Exception {
    var nobody = TcpEndpoint.refused();
    var stream = connected();
    stream.dial(7, nobody);
    assertThat(stream.dialled().getError())
        .isEqualTo("dial tcp " + nobody + ": connect: connection refused");
  }

  @Test
  void a_dial_that_nobody_answers_ends_after_its_time() throws Exception {
    // With a full backlog the kernel answers no further attempt.
    try (var full = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        var clients = new Clients()) {
      clients.fill(full.getLocalPort());
      options = options.withDialling(options.dialling().withTimeout(Duration.ofMillis(300)));
      var stream = connected();
      stream.dial(7, "127.0.0.1:" + full.getLocalPort());
      assertThat(stream.dialled().getError())
          .isEqualTo("dial tcp 127.0.0.1:" + full.getLocalPort() + ": i/o timeout");
    }
  }

  @Test
  void a_cancelled_dial_leaves_no_socket_when_it_is_made_later() throws Exception {
    try (var endpoint = TcpEndpoint.echo()) {
      options = options.withServing(free(), null);
      var stream = connected();
      for (var random = 1; random <= 50; random++) {
        stream.dial(random, endpoint.address());
        stream.cancel(random);
      }
      // Those that were connected before the cancel came are the server's to close.
      stream.dial(51, TcpEndpoint.refused());
      for (var answer = stream.dialled(); answer.getRandom() != 51; answer = stream.dialled()) {
        stream.close(answer.getConnectID());
      }
      Await.until("sockets of the agent", () -> metric("open_endpoint_connections"), "0"::equals);
      endpoint.awaitConnections(0);
    }
  }

  @Test
  void a_stream_that_breaks_ends_its_connections_and_a_new_one_is_made() throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.connect(7, echo.address());
      echo.awaitConnections(1);
      stream.call().cancel();
      echo.awaitConnections(0);
      var again = new ForeignStream(server.next().call());
      again.connect(8, echo.address());
    }
  }

  @Test
  void unknown_packets_and_connections_disturb_nothing() throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.send(Packet.newBuilder().setTypeValue(42));
      stream.send(Packet.newBuilder().setType(PacketType.DRAIN));
      stream.send(Packet.newBuilder().setType(PacketType.DIAL_REQ));
      assertThat(stream.dialled().getError()).startsWith("dial ");
      stream.data(99, "who?");
      assertThat(stream.closed().getError()).isNotEmpty();
      stream.close(98);
      assertThat(stream.closed().getConnectID()).isEqualTo(98);
      var id = stream.connect(7, echo.address());
      stream.data(id, "still here");
      assertThat(stream.read(id, 10)).isEqualTo("still here");
    }
  }

  @Test
  void an_endpoint_that_stops_reading_ends_its_own_connection_and_no_other() throws Exception {
    try (var stopped = new TcpEndpoint(socket -> new CountDownLatch(1).await());
        var echo = TcpEndpoint.echo()) {
      var stream = connected();
      var idle = stream.connect(1, stopped.address());
      var busy = stream.connect(2, echo.address());
      for (var sent = 0; sent < 32; sent++) {
        stream.data(idle, new byte[1 << 20]);
      }
      stream.data(busy, "not held up");
      var text = new StringBuilder();
      var ended = false;
      while (text.length() < "not held up".length() || !ended) {
        var packet = stream.next();
        switch (packet.getType()) {
          case DATA -> text.append(packet.getData().getData().toStringUtf8());
          case CLOSE_RSP -> {
            assertThat(packet.getCloseResponse().getConnectID()).isEqualTo(idle);
            assertThat(packet.getCloseResponse().getError()).isNotEmpty();
            ended = true;
          }
          default -> throw new AssertionError(packet);
        }
      }
      assertThat(text).hasToString("not held up");
    }
  }

  @Test
  void it_connects_with_as_many_different_servers_as_they_say_there_are() throws Exception {
    server.as(3, "a", "b", "a", "c");
    options = options.withServing(free(), null);
    start();
    var ids = new HashSet<String>();
    for (var i = 0; i < 4; i++) {
      ids.add(server.next().headers().get("agentid"));
    }
    assertThat(ids).containsExactly("agent-1");
    Await.until("servers", () -> metric("open_server_connections"), "3"::equals);
    assertThat(metric("known_server_count")).isEqualTo("3");
    // And that is all: nobody is asked any more.
    assertThat(server.waiting()).isZero();
  }

  @Test
  void connections_on_one_server_survive_the_end_of_another() throws Exception {
    server.as(2, "a", "b");
    try (var echo = TcpEndpoint.echo()) {
      start();
      var a = new ForeignStream(server.next().call());
      var b = new ForeignStream(server.next().call());
      a.connect(1, echo.address());
      var id = b.connect(1, echo.address());
      a.call().cancel();
      echo.awaitConnections(1);
      b.data(id, "alive");
      assertThat(b.read(id, 5)).isEqualTo("alive");
    }
  }

  @Test
  void a_server_that_is_away_is_looked_for_until_it_is_back() throws Exception {
    var port = server.port();
    Await.result(server.stop());
    start();
    server = ForeignServer.start(vertx, port);
    server.next();
  }

  @Test
  void the_token_is_read_for_each_connection_and_its_newline_is_no_part_of_it() throws Exception {
    var token = folder.resolve("token");
    Files.writeString(token, "first\n");
    server.refuse("not yet");
    options =
        KonnectivityAgentOptions.of("agent-1", options.server().withToken(token))
            .withSyncing(options.syncing());
    start();
    Await.until("an attempt", () -> !server.attempts.isEmpty());
    Files.writeString(token, "second");
    server.refuse(null);
    assertThat(server.attempts.getFirst().get("authorization")).isEqualTo("Bearer first");
    Await.until(
        "the new token",
        () -> server.attempts.getLast().get("authorization"),
        "Bearer second"::equals);
  }

  @Test
  void a_renewed_certificate_is_shown_from_the_next_connection_on() throws Exception {
    var first = connected();
    issue("renewed").write(folder.resolve("agent.crt"), folder.resolve("agent.key"));
    Await.until(
        "the renewed certificate",
        () -> {
          first.call().cancel();
          var next = server.next();
          next.call().cancel();
          return next.subject();
        },
        "CN=renewed"::equals);
  }

  @Test
  void a_server_of_another_authority_is_not_told_anything() throws Exception {
    try (var impostor =
        ForeignServer.of(vertx, CertificateAuthority.create("foreign", Duration.ofDays(1)))) {
      options = options(impostor).withServing(free(), null);
      start();
      assertThat(get("/readyz").statusCode()).isEqualTo(503);
      Await.until("attempts", () -> impostor.brokenHandshakes() > 3);
      assertThat(impostor.attempts).isEmpty();
    }
  }

  @Test
  void it_drains_when_it_is_told_to_stop_and_lets_connections_end() throws Exception {
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      var id = stream.connect(7, echo.address());
      var stopped = vertx.undeploy(deployment);
      stream.next(PacketType.DRAIN);
      stream.data(id, "still served");
      assertThat(stream.read(id, 12)).isEqualTo("still served");
      assertThat(stopped.isComplete()).isFalse();
      stream.close(id);
      stream.closed();
      Await.result(stopped);
      stream.call().ended();
      assertThat(server.waiting()).isZero();
    }
  }

  @Test
  void connections_that_last_too_long_are_ended_when_it_stops() throws Exception {
    options = options.withDialling(options.dialling().withGrace(Duration.ofMillis(100)));
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.connect(7, echo.address());
      echo.awaitConnections(1);
      Await.result(vertx.undeploy(deployment));
      echo.awaitConnections(0);
    }
  }

  @Test
  void targets_outside_the_allowed_ranges_are_not_dialled_even_by_name() throws Exception {
    options =
        options.withDialling(
            options.dialling().withAllowed(List.of(AddressRange.parse("10.0.0.0/8"))));
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.dial(7, echo.address());
      assertThat(stream.dialled().getError())
          .isEqualTo("dial tcp " + echo.address() + ": the agent may not dial there");
      stream.dial(8, "localhost:" + echo.port());
      assertThat(stream.dialled().getError()).endsWith("the agent may not dial there");
      assertThat(echo.accepted()).isZero();
    }
  }

  @Test
  void it_dials_from_its_own_address() throws Exception {
    options =
        options.withDialling(
            options.dialling().withLocalAddress(InetAddress.ofLiteral("127.10.0.1")));
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.connect(7, echo.address());
      echo.awaitConnections(1);
      assertThat(echo.lastPeer().getHostAddress()).isEqualTo("127.10.0.1");
    }
  }

  @Test
  void it_is_ready_while_there_is_a_server() throws Exception {
    server.refuse("not yet");
    var admin = free();
    options = options.withServing(free(), admin);
    start();
    assertThat(get("/healthz").body()).isEqualTo("ok");
    assertThat(get("/readyz").statusCode()).isEqualTo(503);
    assertThat(get("/readyz").body())
        .isEqualTo("[+]ping ok\n[-]server-connected failed: no servers connected\n");
    server.refuse(null);
    Await.until("ready", () -> get("/readyz").statusCode(), code -> code == 200);
    assertThat(get("/ready").body()).isEqualTo("ok");
    assertThat(get("/readyz?verbose").body())
        .isEqualTo("[+]ping ok\n[+]server-connected ok\ncheck passed\n");
    assertThat(get("/nothing").statusCode()).isEqualTo(404);
    var moved = get(admin.port(), "/metrics");
    assertThat(moved.statusCode()).isEqualTo(301);
    assertThat(moved.headers().firstValue("location"))
        .hasValue("http://127.0.0.1:%d/metrics".formatted(options.health().get().port()));
  }

  @Test
  void it_counts_what_it_does_under_the_real_agents_names() throws Exception {
    options = options.withServing(free(), null);
    try (var echo = TcpEndpoint.echo()) {
      var stream = connected();
      stream.connect(7, echo.address());
      stream.dial(8, TcpEndpoint.refused());
      stream.dialled();
      assertThat(get("/metrics").body())
          .contains("konnectivity_network_proxy_agent_dial_duration_seconds_bucket{le=\"0.005\"} ")
          .contains("konnectivity_network_proxy_agent_dial_duration_seconds_count 1")
          .contains(
              "konnectivity_network_proxy_agent_endpoint_dial_failure_total{reason=\"unknown\"} 1")
          .contains("konnectivity_network_proxy_agent_open_server_connections 1")
          .contains(
              "konnectivity_network_proxy_agent_stream_packets_total"
                  + "{segment=\"to_agent\",packet_type=\"DIAL_REQ\"} 2")
          .contains(
              "konnectivity_network_proxy_agent_stream_packets_total"
                  + "{segment=\"from_agent\",packet_type=\"DIAL_RSP\"} 2");
    }
  }

  private static SocketAddress free() throws Exception {
    return SocketAddress.inetSocketAddress(FreePort.at("127.0.0.1"), "127.0.0.1");
  }

  private String metric(String name) throws Exception {
    var line = "konnectivity_network_proxy_agent_" + name + " ";
    return get("/metrics")
        .body()
        .lines()
        .filter(l -> l.startsWith(line))
        .map(l -> l.substring(line.length()))
        .findFirst()
        .orElse("");
  }

  private HttpResponse<String> get(String path) throws Exception {
    return get(options.health().get().port(), path);
  }

  private static HttpResponse<String> get(int port, String path) throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
