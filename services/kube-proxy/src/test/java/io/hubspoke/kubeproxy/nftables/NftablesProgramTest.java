package io.hubspoke.kubeproxy.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Json;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxierFactory.Warnings;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel has after changes; no packets are sent. Needs root, nft and ip. */
class NftablesProgramTest {
  private static final Endpoint SOMEWHERE = new Endpoint("10.1.0.1", 8080, true);

  private static final Warnings UNHEARD = (service, reason, message) -> {};

  private static Vertx vertx;
  private static NetworkNamespace step;
  private static NetworkNamespace whole;

  @BeforeAll
  static void makeNetworks() throws Exception {
    NetworkNamespace.hindrance()
        .ifPresent(
            why -> {
              throw new AssertionError("tests of the packet filter can't run: " + why);
            });
    vertx = Vertx.vertx();
    step = NetworkNamespace.make("step");
    whole = NetworkNamespace.make("whole");
  }

  @AfterAll
  static void removeNetworks() throws Exception {
    for (var namespace : new NetworkNamespace[] {step, whole}) {
      if (namespace != null) {
        namespace.close();
      }
    }
    if (vertx != null) {
      Await.result(vertx.close());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void changesLeadToWhatOneProgramOfAllWouldHaveMade(long seed) throws Exception {
    var random = new Random(seed);
    var options = NftablesOptions.DEFAULTS.withIpv6(true).withTable("steps-" + seed);
    var changing = proxier(step, options);
    List<ServiceRule> rules = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      change(rules, random);
      Await.result(changing.apply(rules));
    }
    assertSame(options, rules);

    for (int i = 0; i < 4; i++) {
      change(rules, random);
      Await.result(changing.apply(rules));
      assertSame(options, rules);
    }
    Await.result(changing.apply(List.of()));
    assertSame(options, List.of());
    Await.result(changing.stop());
  }

  private static void assertSame(NftablesOptions options, List<ServiceRule> rules)
      throws Exception {
    var fresh = proxier(whole, options);
    List<ServiceRule> other = new ArrayList<>(rules);
    Collections.shuffle(other, new Random(rules.size()));
    Await.result(fresh.apply(other));
    assertThat(listed(step, options)).isEqualTo(listed(whole, options));
    Await.result(fresh.stop());
  }

  @Test
  void namesThatMeanSomethingToNftAreNotInTheScript() throws Exception {
    var rule = Rules.tcp("web", "172.30.0.1", 80, SOMEWHERE);
    var evil =
        new ServiceRule(
            new ServicePortName(
                "a\n}\nadd table ip evil\n", "b; delete table", "{ * }", Protocol.TCP),
            "172.30.0.2",
            81,
            0,
            List.of("10.0.0.1 ; flush ruleset", "198.51.100.1"),
            Duration.ofHours(1),
            rule.internal(),
            new Destinations(List.of(new Endpoint("10.0.0.1:80 }", 80, true), SOMEWHERE), false),
            false);
    var options = NftablesOptions.DEFAULTS.withTable("names");
    var proxier = proxier(step, options);

    Await.result(proxier.apply(List.of(rule, evil)));

    assertThat(step.exec("nft", "list", "tables")).doesNotContain("evil");
    assertThat(step.exec("nft", "list", "table", "ip", "names"))
        .contains("172.30.0.1 . tcp . 80", "172.30.0.2 . tcp . 81", "198.51.100.1 . tcp . 81")
        .doesNotContain("10.0.0.1", "delete");
    Await.result(proxier.stop());
  }

  @Test
  void servicesWhoseNamesAreOddAreToldApart() {
    var names =
        List.of(
            new ServicePortName("a/b", "c", "", Protocol.TCP),
            new ServicePortName("a", "b/c", "", Protocol.TCP),
            new ServicePortName("a", "b", "c", Protocol.TCP),
            new ServicePortName("a", "b", "C", Protocol.TCP),
            new ServicePortName("a", "b", "c", Protocol.UDP),
            new ServicePortName("x".repeat(300), "b", "c", Protocol.TCP),
            new ServicePortName("x".repeat(301), "b", "c", Protocol.TCP));

    var chains = names.stream().map(name -> new ChainNames(name).service()).toList();

    assertThat(chains).doesNotHaveDuplicates().allMatch(name -> name.matches("[a-z0-9/-]{9,200}"));
    assertThat(chains).contains("service-a/b/tcp/c");
  }

  @Test
  void aTableThatSomebodyHasDeletedIsMadeAgainWithTheNextChange() throws Exception {
    var options = NftablesOptions.DEFAULTS.withTable("deleted");
    var proxier = proxier(step, options);
    var one = Rules.tcp("one", "172.30.0.1", 80, SOMEWHERE);
    Await.result(proxier.apply(List.of(one)));
    step.exec("nft", "delete", "table", "ip", "deleted");

    Await.result(proxier.apply(List.of(one, Rules.tcp("two", "172.30.0.2", 80, SOMEWHERE))));

    assertThat(step.exec("nft", "list", "map", "ip", "deleted", "service-ips"))
        .contains("172.30.0.1", "172.30.0.2");
    Await.result(proxier.stop());
  }

  @Test
  void whatTheKernelRefusesIsDoneNotAtAllAndToldInItsWords() throws Exception {
    var options = NftablesOptions.DEFAULTS.withTable("refused");
    var proxier = proxier(step, options);
    var one = Rules.tcp("one", "172.30.0.1", 80, SOMEWHERE);
    Await.result(proxier.apply(List.of(one)));
    var before = listed(step, options);

    // A port that there isn't, which the API would never let through.
    var wrong = Rules.tcp("wrong", "172.30.0.3", 80_000, SOMEWHERE);
    var two = Rules.tcp("two", "172.30.0.2", 80, SOMEWHERE);
    var failure = Await.failure(proxier.apply(List.of(one, two, wrong)));

    assertThat(failure).hasMessageContaining("Error").hasMessageContaining("80000");
    assertThat(listed(step, options)).isEqualTo(before);

    Await.result(proxier.apply(List.of(two)));
    assertThat(step.exec("nft", "list", "map", "ip", "refused", "service-ips"))
        .contains("172.30.0.2")
        .doesNotContain("172.30.0.1");
    Await.result(proxier.stop());
  }

  @Test
  void addressesOfLoopbackAreLeftToTheOtherMode() throws Exception {
    var options = NftablesOptions.DEFAULTS.withTable("loopback");
    var complaints = new ArrayList<String>();

    new ProgrammedTable(Family.IPV4, options)
        .change(
            List.of(Rules.tcp("lab", "127.96.0.10", 443, SOMEWHERE)),
            changed -> {},
            gone -> {},
            (service, reason, message) -> complaints.add(service + " " + reason + ": " + message));

    assertThat(complaints)
        .containsExactly(
            "default/lab AddressNotSupported: 127.96.0.10 is a loopback address, to and from which the"
                + " mode nftables of kube-proxy does not lead");
  }

  @Test
  void oneChangeAmongThousandsOfServicesIsAFewLines() throws Exception {
    var table = new ProgrammedTable(Family.IPV4, NftablesOptions.DEFAULTS);
    List<ServiceRule> rules = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      rules.add(Rules.tcp("s" + i, "172.30." + i / 250 + "." + (i % 250 + 1), 80, SOMEWHERE));
    }
    lines(table, rules);

    rules.set(77, Rules.tcp("s77", "172.30.0.78", 80, new Endpoint("10.1.0.2", 8080, true)));

    assertThat(lines(table, rules))
        .containsExactly(
            "flush chain ip kube-proxy service-default/s77/tcp/",
            "table ip kube-proxy {",
            "chain service-default/s77/tcp/ {",
            "meta l4proto tcp dnat to 10.1.0.2:8080",
            "}",
            "}",
            "add element ip kube-proxy hairpin-connections { 10.1.0.2 . 10.1.0.2 }");
    assertThat(lines(table, rules)).isEmpty();
  }

  @Test
  void nodePortsAreAtTheNodesOwnAddressUnlessRangesAreGiven() {
    var node = List.of(InetAddress.ofLiteral("10.0.0.7"));
    var nobody =
        ClientConfig.of(
            "https://127.0.0.1:6443",
            List.of(CertificateAuthority.create("nobody", Duration.ofDays(1)).certificate()),
            new Credentials.None());
    var options = KubeProxyOptions.of(nobody, "node-1");

    assertThat(NftablesOptions.of(options, node).nodePortAddresses())
        .contains(List.of(AddressRange.parse("10.0.0.7/32")));
    assertThat(NftablesOptions.of(options, List.of()).nodePortAddresses()).contains(List.of());
    assertThat(
            NftablesOptions.of(options.withNodePortAddresses(List.of("primary")), node)
                .nodePortAddresses())
        .contains(List.of(AddressRange.parse("10.0.0.7/32")));
    assertThat(
            NftablesOptions.of(options.withNodePortAddresses(List.of("10.0.0.0/8")), node)
                .nodePortAddresses())
        .contains(List.of(AddressRange.parse("10.0.0.0/8")));
    assertThat(NftablesOptions.of(options.withClusterCidr("10.1.0.0/16,fd00::/8"), node))
        .extracting(NftablesOptions::clusterCidrs)
        .isEqualTo(List.of(AddressRange.parse("10.1.0.0/16"), AddressRange.parse("fd00::/8")));
  }

  @Test
  void itIsSaidWhyThePacketFilterCanNotBeHad() {
    assertThat(NftablesProxier.hindrance(NftablesOptions.DEFAULTS.withPrefix(step.prefix())))
        .isEmpty();
    assertThat(
            NftablesProxier.hindrance(
                NftablesOptions.DEFAULTS.withPrefix(
                    List.of("setpriv", "--reuid=65534", "--clear-groups"))))
        .hasValueSatisfying(why -> assertThat(why).contains("Operation not permitted"));
  }

  private static List<String> lines(ProgrammedTable table, List<ServiceRule> rules)
      throws Exception {
    var text = new StringBuilder();
    table.change(rules, changed -> {}, gone -> {}, UNHEARD).writeTo(text);
    return text.toString().lines().toList();
  }

  private static NftablesProxier proxier(NetworkNamespace where, NftablesOptions options)
      throws Exception {
    var there = options.withPrefix(where.prefix());
    var proxier = new NftablesProxier(vertx, () -> there, UNHEARD);
    Await.result(proxier.start());
    return proxier;
  }

  /** Returns all that tables contain, without what tells the order in which it was made. */
  private static String listed(NetworkNamespace where, NftablesOptions options) throws Exception {
    var objects = new TreeSet<String>();
    for (String family : options.ipv6() ? List.of("ip", "ip6") : List.of("ip")) {
      var places = new HashMap<String, Integer>();
      String json = where.exec("nft", "-j", "list", "table", family, options.table());
      for (JsonNode entry :
          Json.parseObject(json.getBytes(StandardCharsets.UTF_8)).path("nftables")) {
        for (JsonNode object : entry) {
          if (object instanceof ObjectNode fields) {
            fields.remove("handle");
            if (entry.has("rule")) {
              fields.put("place", places.merge(fields.path("chain").asText(), 1, Integer::sum));
            }
            if (fields.path("elem").isArray()) {
              var elements = new TreeSet<String>();
              fields.path("elem").forEach(element -> elements.add(element.toString()));
              fields.put("elem", elements.toString());
            }
          }
        }
        objects.add(entry.toString());
      }
    }
    return String.join("\n", objects);
  }

  /** Changes some of the rules as users and controllers do, including what no one should. */
  private static void change(List<ServiceRule> rules, Random random) {
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      if (!rules.isEmpty() && random.nextInt(3) == 0) {
        rules.remove(random.nextInt(rules.size()));
      }
      var made = any(random);
      rules.removeIf(rule -> rule.name().equals(made.name()));
      rules.add(made);
    }
  }

  private static ServiceRule any(Random random) {
    int number = random.nextInt(8);
    boolean six = number > 5;
    String network = six ? "fd00:30::" : "172.30.0.";
    List<Endpoint> endpoints =
        IntStream.range(0, random.nextInt(8) == 0 ? 70 : random.nextInt(4))
            .mapToObj(
                i ->
                    new Endpoint(
                        (six ? "fd00:1::" : "10.1.0.") + random.nextInt(1, 99),
                        8000 + random.nextInt(2),
                        random.nextBoolean()))
            .toList();
    var all = new Destinations(endpoints, random.nextBoolean());
    boolean local = random.nextBoolean();
    var here = new Destinations(endpoints.stream().filter(Endpoint::local).toList(), true);
    return new ServiceRule(
        new ServicePortName(
            "ns", "s" + number, "", List.of(Protocol.values()).get(random.nextInt(3))),
        // Addresses and node ports that others have, too.
        network + (1 + random.nextInt(5)),
        80 + random.nextInt(2),
        random.nextInt(3) * 30001 % 60000,
        random.nextBoolean() ? List.of() : List.of(network + (1 + random.nextInt(8))),
        Duration.ofSeconds(random.nextInt(3) * 100L),
        random.nextInt(4) == 0 ? here : all,
        local ? here : all,
        local);
  }
}
