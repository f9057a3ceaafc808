package io.hubspoke.kubeproxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hubspoke.client.Item;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What a node forwards, against a model that works it out from nothing each time. */
class RuleTableTest {
  private static final int SEEDS = 400;
  private static final int STEPS = 60;

  @Test
  void changes_one_by_one_lead_to_the_rules_that_the_objects_say() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      follow(seed);
    }
  }

  private static void follow(long seed) {
    var cluster = new RandomCluster(seed);
    var table = new RuleTable("node-1");
    var services = new LinkedHashMap<Item.Key, Service>();
    var slices = new LinkedHashMap<Item.Key, EndpointSlice>();
    var zone = "";
    for (int step = 0; step < STEPS; step++) {
      switch (cluster.number(10)) {
        case 0 -> {
          zone = cluster.zone();
          table.zone(zone);
        }
        case 1 -> {
          var key = new Item.Key(cluster.namespace(), cluster.serviceName());
          services.remove(key);
          table.removeService(key.namespace(), key.name());
        }
        case 2 -> {
          var key = new Item.Key(cluster.namespace(), cluster.sliceName());
          slices.remove(key);
          table.removeSlice(key.namespace(), key.name());
        }
        case 3, 4, 5 -> {
          var service = cluster.service();
          var meta = service.getMetadata();
          services.put(new Item.Key(meta.getNamespace(), meta.getName()), service);
          table.put(service);
        }
        default -> {
          var slice = cluster.slice();
          var meta = slice.getMetadata();
          slices.put(new Item.Key(meta.getNamespace(), meta.getName()), slice);
          table.put(slice);
        }
      }
      // Changes are not always looked at one by one.
      if (cluster.number(3) != 0) {
        var lines = new TreeSet<String>();
        table.rules().forEach(rule -> lines.add(NaiveRules.line(rule)));
        assertThat(lines)
            .as("seed %d, step %d", seed, step)
            .isEqualTo(
                new NaiveRules(
                        "node-1",
                        zone,
                        new ArrayList<>(services.values()),
                        new ArrayList<>(slices.values()))
                    .lines());
      }
    }
  }

  @Test
  void nothing_that_matters_changed_gives_the_same_list() {
    var table = new RuleTable("node-1");
    table.put(service("web", "10.96.0.1"));
    table.put(slice("web", "web-1", "10.0.0.1"));
    var rules = table.rules();
    table.put(slice("web", "web-1", "10.0.0.1"));
    table.put(slice("other", "other-1", "10.0.0.2"));
    assertThat(table.rules()).isSameAs(rules);
    table.put(slice("web", "web-1", "10.0.0.1", "10.0.0.2"));
    assertThat(table.rules()).isNotEqualTo(rules);
  }

  @Test
  void the_rule_of_a_service_that_did_not_change_is_the_same_object() {
    var table = new RuleTable("node-1");
    table.put(service("a", "10.96.0.1"));
    table.put(service("b", "10.96.0.2"));
    var before = table.rules();
    table.put(slice("b", "b-1", "10.0.0.1"));
    assertThat(table.rules().getFirst()).isSameAs(before.getFirst());
    assertThat(table.rules().getLast()).isNotEqualTo(before.getLast());
  }

  @Test
  void a_load_balancer_is_told_how_many_ready_endpoints_are_here() {
    var table = new RuleTable("node-1");
    table.put(
        new ServiceBuilder(service("web", "10.96.0.1"))
            .editSpec()
            .withType("LoadBalancer")
            .withExternalTrafficPolicy("Local")
            .withHealthCheckNodePort(32000)
            .endSpec()
            .build());
    var key = new Item.Key("default", "web");
    assertThat(table.localEndpoints()).containsExactly(new LocalEndpoints(key, 32000, 0));
    table.put(slice("web", "web-1", "10.0.0.1", "10.0.0.2"));
    assertThat(table.localEndpoints()).containsExactly(new LocalEndpoints(key, 32000, 2));
  }

  @Test
  void one_changed_slice_among_five_thousand_services_costs_little() {
    var table = new RuleTable("node-1");
    for (int i = 0; i < 5000; i++) {
      table.put(service("s" + i, "10.96." + i / 250 + "." + i % 250));
      table.put(slice("s" + i, "s" + i + "-1", addresses(i)));
    }
    assertThat(table.rules()).hasSize(5000);
    var best = Duration.ofDays(1);
    for (int i = 0; i < 20; i++) {
      var slice = slice("s" + i, "s" + i + "-1", "10.1.1.1");
      var began = System.nanoTime();
      table.put(slice);
      assertThat(table.rules()).hasSize(5000);
      var took = Duration.ofNanos(System.nanoTime() - began);
      best = took.compareTo(best) < 0 ? took : best;
    }
    assertThat(best).isLessThan(Duration.ofMillis(20));
  }

  private static String[] addresses(int i) {
    var addresses = new String[10];
    for (int n = 0; n < 10; n++) {
      addresses[n] = "10." + i / 250 + "." + i % 250 + "." + n;
    }
    return addresses;
  }

  private static Service service(String name, String ip) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withClusterIP(ip)
        .addNewPort()
        .withPort(80)
        .withProtocol("TCP")
        .endPort()
        .endSpec()
        .build();
  }

  private static EndpointSlice slice(String service, String name, String... addresses) {
    var builder =
        new EndpointSliceBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName(name)
            .addToLabels("kubernetes.io/service-name", service)
            .endMetadata()
            .withAddressType("IPv4")
            .addNewPort()
            .withName("")
            .withProtocol("TCP")
            .withPort(8080)
            .endPort();
    for (var address : List.of(addresses)) {
      builder.addNewEndpoint().withAddresses(address).withNodeName("node-1").endEndpoint();
    }
    return builder.build();
  }
}
