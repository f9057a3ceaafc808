package io.hubspoke.kubeproxy.userspace;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EntrancesTest {
  private static ServiceRule rule(String namespace, String name, String ip, List<String> external) {
    return rule(namespace, name, ip, 80, external);
  }

  private static ServiceRule rule(
      String namespace, String name, String ip, int port, List<String> external) {
    var somewhere = new Destinations(List.of(new Endpoint("10.1.0.1", 8080, false)), false);
    return new ServiceRule(
        new ServicePortName(namespace, name, "p" + port, Protocol.TCP),
        ip,
        port,
        0,
        external,
        Duration.ZERO,
        somewhere,
        somewhere,
        false);
  }

  private static Entrances of(List<ServiceRule> rules) {
    return new Entrances(
        rules, rules.stream().map(Front::new).toList(), List.of(InetAddress.ofLiteral("10.9.0.1")));
  }

  private static InetSocketAddress at(String ip) {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), 80);
  }

  @Test
  void a_virtual_address_is_external_to_no_other_service_whatever_its_port() {
    var entrances =
        of(
            List.of(
                rule("a", "thief", "10.96.0.8", 81, List.of("10.96.0.9", "192.0.2.1")),
                rule("b", "victim", "10.96.0.9", List.of())));
    assertThat(entrances.all())
        .hasSize(3)
        .doesNotContainKey(new InetSocketAddress(InetAddress.ofLiteral("10.96.0.9"), 81));
    assertThat(entrances.problems())
        .singleElement()
        .asString()
        .contains("a/thief", "10.96.0.9 is the virtual address of a service");
  }

  @Test
  void nobody_uses_up_the_files_of_the_process_by_many_addresses_and_ports() {
    var many = IntStream.range(0, 100).mapToObj(i -> "192.0.2." + i).toList();
    var rules = new ArrayList<ServiceRule>();
    for (int port = 1; port <= 300; port++) {
      rules.add(rule("a", "wide", "10.96.0.1", port, many));
    }
    for (int i = 0; i < 30; i++) {
      rules.add(rule("a", "w" + i, "10.97.0." + (i + 1), List.copyOf(addresses(i))));
    }
    rules.add(rule("b", "victim", "10.96.0.9", List.of()));
    var entrances = of(rules);
    assertThat(entrances.all()).containsKey(at("10.96.0.9"));
    assertThat(entrances.all().values().stream().filter(Entrances.Entrance::external))
        .hasSizeLessThanOrEqualTo(Entrances.MOST_EXTERNAL);
    assertThat(entrances.services().values().stream().filter(n -> n.service().equals("wide")))
        .hasSize(Entrances.MOST_OF_SERVICE);
    assertThat(entrances.problems())
        .hasSizeLessThan(100)
        .anyMatch(p -> p.startsWith("a/wide: ") && p.endsWith(" are too many to listen on"));
  }

  private static List<String> addresses(int service) {
    return IntStream.range(0, 250).mapToObj(i -> "198.51.%d.%d".formatted(service, i)).toList();
  }
}
