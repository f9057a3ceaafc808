package io.hubspoke.kubeproxy.userspace;

import static io.hubspoke.kubeproxy.userspace.TestProxier.ask;
import static io.hubspoke.kubeproxy.userspace.TestProxier.connect;
import static io.hubspoke.kubeproxy.userspace.TestProxier.freeAddress;
import static io.hubspoke.kubeproxy.userspace.TestProxier.line;
import static io.hubspoke.kubeproxy.userspace.TestProxier.name;
import static io.hubspoke.kubeproxy.userspace.TestProxier.rule;
import static io.hubspoke.kubeproxy.userspace.TestProxier.say;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Forwarding in the process itself, over real sockets, by epoll and without. */
@ParameterizedClass
@EnumSource
class UserspaceProxierTest {
  enum By {
    EPOLL,
    CHANNELS
  }

  @Parameter By by;

  private final Vertx vertx = Vertx.vertx();
  private TestProxier proxier;
  private TestEndpoint a;
  private TestEndpoint b;
  private InetSocketAddress service;

  @BeforeEach
  void start() throws Exception {
    proxier = new TestProxier(vertx, listeners(), 2000);
    a = new TestEndpoint("a");
    b = new TestEndpoint("b");
    service = freeAddress();
  }

  @AfterEach
  void stop() throws Exception {
    proxier.close();
    a.close();
    b.close();
    Await.result(vertx.close());
  }

  private ServiceListeners listeners() {
    return switch (by) {
      case EPOLL -> new EpollListeners(2);
      case CHANNELS -> new ChannelListeners(2);
    };
  }

  /** An endpoint on which nobody listens. */
  private static Endpoint dead() throws IOException {
    return new Endpoint("127.0.0.1", FreePort.at("127.0.0.1"), true);
  }

  private static ServiceRule local(ServiceRule rule, Destinations external, int nodePort) {
    return new ServiceRule(
        rule.name(),
        rule.clusterIp(),
        rule.port(),
        nodePort,
        rule.externalIps(),
        rule.affinity(),
        rule.internal(),
        external,
        true);
  }

  @Test
  void connections_go_to_all_endpoints_in_turn() throws Exception {
    proxier.apply(rule(service, a.endpoint(), b.endpoint()));
    var asked = new TreeMap<String, Integer>();
    for (int i = 0; i < 10; i++) {
      asked.merge(ask(service), 1, Integer::sum);
    }
    assertThat(asked).containsEntry("a", 5).containsEntry("b", 5);
  }

  @Test
  void a_service_without_endpoints_refuses() throws Exception {
    proxier.apply(rule(service));
    assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
    proxier.apply(rule(service, a.endpoint()));
    assertThat(ask(service)).isEqualTo("a");
    proxier.apply();
    assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
  }

  @Test
  void an_endpoint_that_does_not_answer_is_passed_over() throws Exception {
    proxier.apply(rule(service, dead(), a.endpoint(), dead()));
    for (int i = 0; i < 6; i++) {
      assertThat(ask(service)).isEqualTo("a");
    }
  }

  @Test
  void where_no_endpoint_answers_the_connection_is_reset() throws Exception {
    proxier.apply(rule(service, dead()));
    assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
  }

  @Test
  void a_client_stays_with_its_endpoint() throws Exception {
    proxier.apply(rule(service, Duration.ofMinutes(1), a.endpoint(), b.endpoint()));
    var first = ask(service, "127.0.0.11");
    var second = ask(service, "127.0.0.12");
    assertThat(second).isNotEqualTo(first);
    for (int i = 0; i < 5; i++) {
      assertThat(ask(service, "127.0.0.11")).isEqualTo(first);
      assertThat(ask(service, "127.0.0.12")).isEqualTo(second);
    }
    var other = first.equals("a") ? b : a;
    proxier.apply(rule(service, Duration.ofMinutes(1), other.endpoint()));
    assertThat(ask(service, "127.0.0.11")).isEqualTo(other.name);
  }

  @Test
  void endpoints_see_the_address_of_the_node() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    ask(service);
    assertThat(a.lastPeer.get().getHostAddress()).isEqualTo(TestProxier.NODE);
  }

  @Test
  void either_side_may_end_its_way_and_go_on_to_read() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    try (var socket = connect(service)) {
      assertThat(name(socket)).isEqualTo("a");
      say(socket, "hello");
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("hello\n");
    }
    Await.until("the endpoint's connection has ended", () -> a.connections() == 0);
  }

  @Test
  void who_does_not_read_holds_the_sender_back() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        var client = SocketChannel.open()) {
      proxier.apply(rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true)));
      client.connect(service);
      try (var accepted = server.accept()) {
        client.configureBlocking(false);
        var piece = ByteBuffer.allocate(1 << 20);
        long written = 0;
        long quietSince = System.nanoTime();
        while (System.nanoTime() - quietSince < Duration.ofMillis(300).toNanos()) {
          int n = client.write(piece.clear());
          written += n;
          quietSince = n > 0 ? System.nanoTime() : quietSince;
          assertThat(written).isLessThan(64L << 20);
          Thread.onSpinWait();
        }
        client.shutdownOutput();
        assertThat(accepted.getInputStream().transferTo(java.io.OutputStream.nullOutputStream()))
            .isEqualTo(written);
      }
    }
  }

  @Test
  void every_byte_arrives_both_ways_up_to_the_end() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    var workers = new ArrayList<Future<Void>>();
    for (int i = 0; i < 8; i++) {
      // Of sizes that no buffer has, so that there is a tail.
      var content = new byte[3_000_000 + 77_777 * i];
      new Random(i).nextBytes(content);
      workers.add(vertx.executeBlocking(() -> echoes(content), false));
    }
    Await.result(Future.all(workers));
    Await.until("the endpoint's connections have ended", () -> a.connections() == 0);
  }

  private Void echoes(byte[] content) throws Exception {
    try (var socket = connect(service)) {
      assertThat(name(socket)).isEqualTo("a");
      var sending =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      socket.getOutputStream().write(content);
                      socket.shutdownOutput();
                    } catch (IOException broken) {
                      // The other thread finds out by what is missing.
                    }
                  });
      assertThat(socket.getInputStream().readAllBytes()).isEqualTo(content);
      sending.join();
      return null;
    }
  }

  @Test
  void who_says_all_at_once_and_ends_loses_nothing() throws Exception {
    proxier.apply(rule(service, dead(), a.endpoint()));
    for (int i = 0; i < 200; i++) {
      try (var socket = connect(service)) {
        say(socket, "all");
        socket.shutdownOutput();
        assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("a\nall\n");
      }
    }
  }

  @Test
  void a_reset_of_the_endpoint_is_a_reset_for_the_client() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      proxier.apply(rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true)));
      // One that comes before the connection is seen to be made counts as a failed attempt.
      Thread.startVirtualThread(
          () -> {
            try {
              while (true) {
                var accepted = server.accept();
                accepted.setSoLinger(true, 0);
                accepted.close();
              }
            } catch (IOException closed) {
              // The test is over.
            }
          });
      // The reset may overtake the client's own wait for the connection.
      assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void a_reset_of_the_client_is_a_reset_for_the_endpoint() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      proxier.apply(rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true)));
      Socket accepted;
      try (var client = connect(service)) {
        accepted = server.accept();
        client.setSoLinger(true, 0);
      }
      try (accepted) {
        accepted.setSoTimeout(10_000);
        assertThatThrownBy(() -> accepted.getInputStream().read())
            .isInstanceOf(SocketException.class);
      }
    }
  }

  @Test
  void what_an_endpoint_answers_before_it_resets_what_it_has_not_read_arrives() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      proxier.apply(rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true)));
      for (int i = 0; i < 50; i++) {
        try (var client = connect(service)) {
          try (var accepted = server.accept()) {
            say(client, "a request that is too large");
            // Closed with something unread, it is reset.
            accepted.getInputStream().read();
            say(accepted, "413");
          }
          assertThat(line(client)).isEqualTo("413");
        }
      }
    }
  }

  @Test
  void an_end_and_a_reset_that_meet_hold_up_no_other_connection() throws Exception {
    try (var server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"))) {
      var now = rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true));
      proxier.apply(now);
      for (int round = 0; round < 10; round++) {
        var clients = new ArrayList<Socket>();
        var endpoints = new ArrayList<Socket>();
        for (int i = 0; i < 20; i++) {
          clients.add(connect(service));
          endpoints.add(server.accept());
        }
        for (int i = 0; i < 19; i++) {
          endpoints.get(i).close();
          clients.get(i).setSoLinger(true, 0);
          clients.get(i).close();
        }
        try (var client = clients.getLast();
            var endpoint = endpoints.getLast()) {
          say(client, "hello");
          assertThat(line(endpoint)).isEqualTo("hello");
          say(endpoint, "hello");
          assertThat(line(client)).isEqualTo("hello");
        }
      }
    }
  }

  @Test
  void an_endpoint_that_says_all_at_once_and_ends_loses_nothing() throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      proxier.apply(rule(service, new Endpoint("127.0.0.1", server.getLocalPort(), true)));
      for (int i = 0; i < 200; i++) {
        try (var client = connect(service)) {
          try (var accepted = server.accept()) {
            say(accepted, "all");
          }
          assertThat(client.getInputStream().readAllBytes()).asString().isEqualTo("all\n");
        }
      }
    }
  }

  @Test
  void as_many_connections_as_there_may_be_are_forwarded_and_leave_nothing_behind()
      throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    var open = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 600; i++) {
        open.add(connect(service));
      }
      for (var socket : open) {
        assertThat(name(socket)).isEqualTo("a");
        say(socket, "hello");
        assertThat(line(socket)).isEqualTo("hello");
      }
    } finally {
      for (var socket : open) {
        socket.close();
      }
    }
    Await.until("the endpoint's connections have ended", () -> a.connections() == 0);
  }

  @Test
  void a_connection_survives_changes_while_its_endpoint_is_there() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    try (var socket = connect(service)) {
      assertThat(name(socket)).isEqualTo("a");
      proxier.apply(rule(service, b.endpoint(), a.endpoint()));
      var now = rule(service, b.endpoint());
      proxier.apply(
          new ServiceRule(
              now.name(),
              now.clusterIp(),
              now.port(),
              0,
              List.of(),
              now.affinity(),
              now.internal(),
              now.external(),
              false,
              List.of(a.endpoint())));
      assertThat(ask(service)).isEqualTo("b");
      assertThat(ask(service)).isEqualTo("b");
      say(socket, "still there");
      assertThat(line(socket)).isEqualTo("still there");
      proxier.apply(now);
      assertThatThrownBy(() -> line(socket)).isInstanceOf(SocketException.class);
    }
    Await.until("the endpoint's connection has ended", () -> a.connections() == 0);
  }

  @Test
  void node_ports_are_on_the_nodes_own_address() throws Exception {
    int port = freeAddress().getPort();
    var rule = rule(service, a.endpoint());
    proxier.apply(local(rule, rule.external(), port));
    assertThat(ask(new InetSocketAddress(InetAddress.ofLiteral(TestProxier.NODE), port)))
        .isEqualTo("a");
  }

  @Test
  void what_a_local_policy_keeps_off_gets_no_answer_but_pods_do() throws Exception {
    int port = freeAddress().getPort();
    proxier.apply(local(rule(service, a.endpoint()), new Destinations(List.of(), true), port));
    var nodePort = new InetSocketAddress(InetAddress.ofLiteral(TestProxier.NODE), port);
    try (var socket = connect(nodePort)) {
      socket.setSoTimeout(200);
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
    }
    assertThat(ask(nodePort, "127.0.9.3")).isEqualTo("a");
    assertThat(ask(nodePort, TestProxier.NODE)).isEqualTo("a");
  }

  @Test
  void an_address_that_cannot_be_bound_is_told_of_and_holds_up_no_other() throws Exception {
    var rule = rule(service, a.endpoint());
    proxier.apply(
        new ServiceRule(
            rule.name(),
            rule.clusterIp(),
            rule.port(),
            0,
            List.of("192.0.2.1"),
            rule.affinity(),
            rule.internal(),
            rule.external(),
            false));
    assertThat(ask(service)).isEqualTo("a");
    assertThat(proxier.warnings)
        .singleElement()
        .asString()
        .startsWith("FailedToBind: 192.0.2.1:" + service.getPort() + " cannot be listened on");
  }

  @Test
  void an_address_that_another_process_has_is_taken_once_it_is_free() throws Exception {
    try (var other = new ServerSocket()) {
      other.bind(service);
      proxier.apply(rule(service, a.endpoint()));
      assertThat(proxier.warnings).hasSize(1);
    }
    Await.until(
        "the service answers",
        () -> {
          try {
            return ask(service).equals("a");
          } catch (IOException notYet) {
            return false;
          }
        });
    assertThat(proxier.warnings).hasSize(1);
  }

  @Test
  void udp_is_told_not_to_be_forwarded() throws Exception {
    var rule = rule(service, a.endpoint());
    var udp =
        new ServiceRule(
            new ServicePortName("default", "dns", "", Protocol.UDP),
            rule.clusterIp(),
            53,
            0,
            List.of(),
            Duration.ZERO,
            rule.internal(),
            rule.external(),
            false);
    proxier.apply(udp);
    proxier.apply(udp, rule);
    assertThat(proxier.warnings)
        .singleElement()
        .asString()
        .startsWith("ProtocolNotSupported: port 53/UDP of default/dns is not forwarded");
  }

  @Test
  void more_connections_than_a_clients_share_are_refused_and_others_find_room() throws Exception {
    // The first one may have as many as are left: two of four.
    var small = new TestProxier(vertx, listeners(), 4);
    try {
      small.apply(rule(service, a.endpoint()));
      try (var one = connect(service);
          var two = connect(service)) {
        assertThat(name(one)).isEqualTo("a");
        assertThat(name(two)).isEqualTo("a");
        assertThatThrownBy(() -> ask(service)).isInstanceOf(IOException.class);
        assertThat(ask(service, "127.0.9.2")).isEqualTo("a");
      }
      Await.until(
          "there is room again",
          () -> {
            try {
              return ask(service).equals("a");
            } catch (IOException notYet) {
              return false;
            }
          });
    } finally {
      small.close();
    }
  }

  @Test
  void an_endpoint_that_is_the_service_itself_does_not_go_round() throws Exception {
    proxier.apply(rule(service, new Endpoint(service.getHostString(), service.getPort(), false)));
    assertThatThrownBy(() -> ask(service)).isInstanceOf(IOException.class);
  }

  private static ServiceRule external(String namespace, ServiceRule rule, int port, String... ips) {
    return new ServiceRule(
        new ServicePortName(namespace, "thief", "", Protocol.TCP),
        "127.98.0.1",
        port,
        0,
        List.of(ips),
        rule.affinity(),
        rule.internal(),
        rule.external(),
        false);
  }

  @Test
  void nobody_takes_another_services_address_by_external_ones() throws Exception {
    var thief = external("a-tenant", rule(service, b.endpoint()), service.getPort(), ip(service));
    proxier.apply(thief, rule(service, a.endpoint()));
    for (int i = 0; i < 4; i++) {
      assertThat(ask(service)).isEqualTo("a");
    }
    // Nor while its own service has nobody who answers.
    proxier.apply(thief, rule(service));
    assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
  }

  @Test
  void nobody_takes_another_services_node_port_by_external_addresses() throws Exception {
    int port = freeAddress().getPort();
    var rule = rule(service, a.endpoint());
    var thief = external("a-tenant", rule(service, b.endpoint()), port, TestProxier.NODE);
    proxier.apply(thief, local(rule, rule.external(), port));
    var nodePort = new InetSocketAddress(InetAddress.ofLiteral(TestProxier.NODE), port);
    for (int i = 0; i < 4; i++) {
      assertThat(ask(nodePort)).isEqualTo("a");
    }
  }

  private static String ip(InetSocketAddress address) {
    return address.getAddress().getHostAddress();
  }

  @Test
  void connections_do_not_go_round_from_node_port_to_node_port() throws Exception {
    try (var otherNode = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.8"))) {
      int port = otherNode.getLocalPort();
      var rule = rule(service, new Endpoint("127.0.0.8", port, false));
      proxier.apply(local(rule, rule.external(), port));
      var nodePort = new InetSocketAddress(InetAddress.ofLiteral(TestProxier.NODE), port);
      // The reset may come before the client knows that it is connected.
      assertThatThrownBy(() -> ask(nodePort)).isInstanceOf(SocketException.class);
      // From where none comes back it is an address as any.
      try (var socket = connect(service);
          var accepted = otherNode.accept()) {
        say(socket, "hello");
        assertThat(line(accepted)).isEqualTo("hello");
      }
    }
  }

  @Test
  void a_service_that_moves_is_at_its_new_address_and_no_more_at_the_old() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    var other = freeAddress();
    try (var socket = connect(service)) {
      assertThat(name(socket)).isEqualTo("a");
      proxier.apply(rule(other, a.endpoint()));
      assertThat(ask(other)).isEqualTo("a");
      assertThatThrownBy(() -> ask(service)).isInstanceOf(SocketException.class);
      say(socket, "still there");
      assertThat(line(socket)).isEqualTo("still there");
    }
  }

  @Test
  void stopped_it_leaves_no_connection_and_no_address() throws Exception {
    proxier.apply(rule(service, a.endpoint()));
    var stopped = new HashSet<String>();
    try (var socket = connect(service)) {
      stopped.add(name(socket));
      Await.result(proxier.proxier.stop());
      assertThatThrownBy(() -> line(socket)).isInstanceOf(SocketException.class);
    }
    assertThat(stopped).containsExactly("a");
    // A process that another test is just starting may hold the listener for a moment more.
    Await.until("the address is free", () -> isFree(service));
  }

  private static boolean isFree(InetSocketAddress address) throws IOException {
    try (var free = new ServerSocket()) {
      free.bind(address);
      return true;
    } catch (BindException taken) {
      return false;
    }
  }
}
