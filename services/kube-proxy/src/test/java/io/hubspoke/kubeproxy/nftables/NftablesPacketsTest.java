package io.hubspoke.kubeproxy.nftables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.AddressRange;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real packets through a real kernel, in network namespaces. Needs root, nft, ip and conntrack. */
class NftablesPacketsTest {
  private static final String SERVICE = "172.30.0.10";
  private static final int PORT = 80;
  private static final int NODE_PORT = 30080;
  private static final Endpoint FIRST =
      new Endpoint(PacketLab.BACKENDS.get(0), PacketLab.PORT, true);
  private static final Endpoint SECOND =
      new Endpoint(PacketLab.BACKENDS.get(1), PacketLab.PORT, false);

  /** So many that chance leads all of them to one of two once in a million. */
  private static final int MANY = 21;

  private static final Duration CHECK_PERIOD = Duration.ofMillis(300);
  private static final int NOT_ANSWERED_MILLIS = 300;

  private static Vertx vertx;
  private static PacketLab lab;

  private NftablesProxier proxier;

  @BeforeAll
  static void makeNetworks() throws Exception {
    vertx = Vertx.vertx();
    lab = new PacketLab();
  }

  @AfterAll
  static void removeNetworks() throws Exception {
    if (lab != null) {
      lab.close();
    }
    Await.result(vertx.close());
  }

  @BeforeEach
  void start() throws Exception {
    use(NftablesOptions.DEFAULTS);
  }

  private void use(NftablesOptions options) throws Exception {
    var there = options.withPrefix(lab.node.prefix());
    proxier =
        new NftablesProxier(vertx, () -> there, (service, reason, message) -> {}, CHECK_PERIOD);
    Await.result(proxier.start());
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(proxier.stop());
  }

  private void apply(ServiceRule... rules) throws Exception {
    Await.result(proxier.apply(List.of(rules)));
  }

  @Test
  void connectionsToAVirtualAddressReachEveryEndpointAndKeepTheirSource() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND));

    assertThat(answers(SERVICE, PORT))
        .containsExactly("backend0 " + PacketLab.CLIENT, "backend1 " + PacketLab.CLIENT);
  }

  @Test
  void aTableThatSomebodyElseDeletesIsProgrammedAnew() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, SECOND));
    var flush = new ArrayList<>(lab.node.prefix());
    flush.addAll(List.of("nft", "flush", "ruleset"));
    assertThat(new ProcessBuilder(flush).inheritIO().start().waitFor()).isZero();

    Await.until(
        "the service leads to its endpoint again",
        () -> {
          try {
            return lab.connect(lab.client, SERVICE, PORT, NOT_ANSWERED_MILLIS)
                .ask()
                .startsWith("backend1");
          } catch (IOException notYet) {
            return false;
          }
        });
  }

  @Test
  void theNodeItselfReachesServices() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, SECOND));

    assertThat(lab.ask(lab.node, SERVICE, PORT)).startsWith("backend1 ");
  }

  @Test
  void aServiceOfManyEndpointsIsServedByAllOfThem() throws Exception {
    // More than a chain has rules for; only one in a hundred is the second.
    var endpoints = new Endpoint[100];
    Arrays.setAll(
        endpoints, i -> i == 0 ? SECOND : new Endpoint("10.77.10.2", PacketLab.PORT + i, true));
    apply(Rules.tcp("web", SERVICE, PORT, endpoints));

    Await.until(
        "the one that listens is chosen",
        () -> {
          try {
            return lab.ask(lab.client, SERVICE, PORT).startsWith("backend1");
          } catch (ConnectException e) {
            return false;
          }
        });
  }

  @Test
  void aNodePortHidesTheSourceSinceTheAnswerMustComeBackThroughTheNode() throws Exception {
    apply(Rules.nodePort(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND), NODE_PORT));

    assertThat(answers(PacketLab.NODE, NODE_PORT))
        .containsExactly(
            "backend0 " + PacketLab.GATEWAYS.get(0), "backend1 " + PacketLab.GATEWAYS.get(1));
  }

  @Test
  void aNodePortIsOpenAtTheChosenAddressesOnly() throws Exception {
    Await.result(proxier.stop());
    use(
        NftablesOptions.DEFAULTS.withNodePortAddresses(
            List.of(AddressRange.parse("10.77.20.0/24"))));
    apply(Rules.nodePort(Rules.tcp("web", SERVICE, PORT, FIRST), NODE_PORT));

    assertThat(lab.ask(lab.client, PacketLab.GATEWAYS.get(1), NODE_PORT)).startsWith("backend0");
    assertThatThrownBy(() -> lab.ask(lab.client, PacketLab.NODE, NODE_PORT))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void anExternalAddressLeadsToTheServiceToo() throws Exception {
    apply(Rules.externalIps(Rules.tcp("web", SERVICE, PORT, SECOND), "192.0.2.7"));

    assertThat(lab.ask(lab.client, "192.0.2.7", PORT))
        .isEqualTo("backend1 " + PacketLab.GATEWAYS.get(1));
  }

  @Test
  void externalTrafficPolicyLocalStaysOnTheNodeAndKeepsTheSource() throws Exception {
    apply(
        Rules.externalLocal(
            Rules.nodePort(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND), NODE_PORT)));

    assertThat(answers(PacketLab.NODE, NODE_PORT)).containsExactly("backend0 " + PacketLab.CLIENT);
    assertThat(answers(SERVICE, PORT)).hasSize(2);
  }

  @Test
  void externalTrafficPolicyLocalWithoutLocalEndpointsDropsButLetsTheNodeItselfIn()
      throws Exception {
    apply(Rules.externalLocal(Rules.nodePort(Rules.tcp("web", SERVICE, PORT, SECOND), NODE_PORT)));

    assertThatThrownBy(
            () -> lab.connect(lab.client, PacketLab.NODE, NODE_PORT, NOT_ANSWERED_MILLIS))
        .isInstanceOf(SocketTimeoutException.class);
    assertThat(lab.ask(lab.node, PacketLab.NODE, NODE_PORT)).startsWith("backend1");
  }

  @Test
  void internalTrafficPolicyLocalStaysOnTheNode() throws Exception {
    apply(Rules.internalLocal(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND)));

    assertThat(answers(SERVICE, PORT)).containsExactly("backend0 " + PacketLab.CLIENT);

    apply(Rules.internalLocal(Rules.tcp("web", SERVICE, PORT, SECOND)));

    assertThatThrownBy(() -> lab.connect(lab.client, SERVICE, PORT, NOT_ANSWERED_MILLIS))
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void aServiceWithoutEndpointsIsRefusedAtOnce() throws Exception {
    apply(Rules.nodePort(Rules.tcp("web", SERVICE, PORT), NODE_PORT));

    assertThatThrownBy(() -> lab.ask(lab.client, SERVICE, PORT))
        .isInstanceOf(ConnectException.class);
    assertThatThrownBy(() -> lab.ask(lab.client, PacketLab.NODE, NODE_PORT))
        .isInstanceOf(ConnectException.class);
    assertThatThrownBy(() -> lab.ask(lab.node, SERVICE, PORT)).isInstanceOf(ConnectException.class);
  }

  @Test
  void aPortThatAServiceDoesNotHaveIsRefused() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, FIRST));

    assertThatThrownBy(() -> lab.ask(lab.client, SERVICE, PacketLab.PORT))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void aClientStaysWithItsEndpointAsLongAsThatIsThere() throws Exception {
    var web = Rules.affinity(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND), Duration.ofHours(3));
    apply(web);

    var chosen = answers(SERVICE, PORT);
    assertThat(chosen).hasSize(1);

    // Another endpoint more changes nothing for the client; without its own it gets another one.
    var third = new Endpoint(PacketLab.BACKENDS.get(0), PacketLab.PORT + 1, true);
    apply(
        Rules.affinity(Rules.tcp("web", SERVICE, PORT, third, SECOND, FIRST), Duration.ofHours(3)));
    assertThat(answers(SERVICE, PORT)).isEqualTo(chosen);

    boolean first = chosen.first().startsWith("backend0");
    apply(
        Rules.affinity(
            Rules.tcp("web", SERVICE, PORT, first ? SECOND : FIRST), Duration.ofHours(3)));
    assertThat(answers(SERVICE, PORT)).hasSize(1).isNotEqualTo(chosen);
  }

  @Test
  void affinityEndsWithItsTime() throws Exception {
    apply(Rules.affinity(Rules.tcp("web", SERVICE, PORT, FIRST, SECOND), Duration.ofSeconds(1)));
    String before = lab.ask(lab.client, SERVICE, PORT);

    Await.until(
        "another endpoint, a second after the last connection",
        () -> {
          TimeUnit.MILLISECONDS.sleep(1100);
          return !lab.ask(lab.client, SERVICE, PORT).equals(before);
        });
  }

  @Test
  void anEndpointReachesItselfThroughItsService() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, FIRST));

    assertThat(lab.ask(lab.backends.get(0), SERVICE, PORT))
        .isEqualTo("backend0 " + PacketLab.GATEWAYS.get(0));
  }

  @Test
  void whoIsNoPodGetsTheNodesAddressWhereTheRangeOfPodsIsKnown() throws Exception {
    Await.result(proxier.stop());
    use(
        NftablesOptions.DEFAULTS.withClusterCidrs(
            List.of(AddressRange.parse("10.77.10.0/24"), AddressRange.parse("10.77.20.0/24"))));
    apply(Rules.tcp("web", SERVICE, PORT, SECOND));

    assertThat(lab.ask(lab.client, SERVICE, PORT))
        .isEqualTo("backend1 " + PacketLab.GATEWAYS.get(1));
    assertThat(lab.ask(lab.backends.get(0), SERVICE, PORT))
        .isEqualTo("backend1 " + PacketLab.BACKENDS.get(0));
  }

  @Test
  void everybodyGetsTheNodesAddressWhenAskedTo() throws Exception {
    Await.result(proxier.stop());
    use(NftablesOptions.DEFAULTS.withMasqueradeAll(true));
    apply(Rules.tcp("web", SERVICE, PORT, SECOND));

    assertThat(lab.ask(lab.backends.get(0), SERVICE, PORT))
        .isEqualTo("backend1 " + PacketLab.GATEWAYS.get(1));
  }

  @Test
  void aConnectionSurvivesAChangeAndNewOnesFollowIt() throws Exception {
    apply(Rules.tcp("web", SERVICE, PORT, FIRST));
    try (var connection = lab.connect(lab.client, SERVICE, PORT)) {
      assertThat(connection.ask()).startsWith("backend0");

      apply(Rules.tcp("web", SERVICE, PORT, SECOND));

      assertThat(connection.ask()).startsWith("backend0");
      assertThat(answers(SERVICE, PORT)).containsExactly("backend1 " + PacketLab.CLIENT);
    }
  }

  @Test
  void packetsOfUdpFollowTheEndpointsThatThereAre() throws Exception {
    apply(Rules.nodePort(Rules.udp("dns", SERVICE, 53, FIRST), 30053));
    var socket = lab.datagrams(lab.client);
    var other = lab.datagrams(lab.client);

    assertThat(PacketLab.ask(socket, SERVICE, 53)).isEqualTo("backend0 " + PacketLab.CLIENT);
    assertThat(PacketLab.ask(other, PacketLab.NODE, 30053)).startsWith("backend0");

    // The same sockets, so that the kernel knows the flows.
    apply(Rules.nodePort(Rules.udp("dns", SERVICE, 53, SECOND), 30053));

    assertThat(PacketLab.ask(socket, SERVICE, 53)).isEqualTo("backend1 " + PacketLab.CLIENT);
    assertThat(PacketLab.ask(other, PacketLab.NODE, 30053)).startsWith("backend1");
  }

  @Test
  void aFlowOfUdpStaysWithAnEndpointThatStays() throws Exception {
    apply(Rules.udp("dns", SERVICE, 53, FIRST));
    var socket = lab.datagrams(lab.client);
    assertThat(PacketLab.ask(socket, SERVICE, 53)).startsWith("backend0");

    apply(Rules.udp("dns", SERVICE, 53, FIRST, SECOND));

    for (int i = 0; i < MANY; i++) {
      assertThat(PacketLab.ask(socket, SERVICE, 53)).startsWith("backend0");
    }
  }

  @Test
  void aFlowOfUdpStaysWithAnEndpointThatDrains() throws Exception {
    apply(Rules.udp("dns", SERVICE, 53, FIRST));
    var socket = lab.datagrams(lab.client);
    assertThat(PacketLab.ask(socket, SERVICE, 53)).startsWith("backend0");

    apply(Rules.draining(Rules.udp("dns", SERVICE, 53, SECOND), FIRST));

    assertThat(PacketLab.ask(socket, SERVICE, 53)).startsWith("backend0");
    assertThat(PacketLab.ask(lab.datagrams(lab.client), SERVICE, 53)).startsWith("backend1");
  }

  @Test
  void nobodyTakesTheAddressOfAnotherServiceByNamingItAsHisOwn() throws Exception {
    var victim = Rules.tcp("victim", SERVICE, PORT, FIRST);
    var thief = Rules.externalIps(Rules.tcp("a-thief", "172.30.0.66", PORT, SECOND), SERVICE);
    apply(thief);
    apply(thief, victim);
    assertThat(answers(SERVICE, PORT)).containsExactly("backend0 " + PacketLab.CLIENT);

    // Not even when there is nothing else at it.
    apply(thief, Rules.tcp("victim", SERVICE, PORT));
    assertThatThrownBy(() -> lab.ask(lab.client, SERVICE, PORT))
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    lab.node.exec("nft", "add", "table", "ip", "somebody-elses");
    apply(
        Rules.nodePort(Rules.tcp("web", SERVICE, PORT, FIRST), NODE_PORT),
        Rules.affinity(Rules.udp("dns", SERVICE, 53, FIRST, SECOND), Duration.ofHours(3)));
    assertThat(lab.node.exec("nft", "list", "tables")).contains("table ip kube-proxy");

    Await.result(proxier.stop());

    assertThat(lab.node.exec("nft", "list", "ruleset").strip())
        .isEqualTo("table ip somebody-elses {\n}");
    lab.node.exec("nft", "delete", "table", "ip", "somebody-elses");
  }

  private static SortedSet<String> answers(String ip, int port) throws Exception {
    var answers = new TreeSet<String>();
    for (int i = 0; i < MANY; i++) {
      answers.add(lab.ask(lab.client, ip, port));
    }
    return answers;
  }
}
