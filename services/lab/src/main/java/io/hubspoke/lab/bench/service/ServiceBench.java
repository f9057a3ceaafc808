package io.hubspoke.lab.bench.service;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.kubeproxy.nftables.NftablesOptions;
import io.hubspoke.kubeproxy.nftables.NftablesProxier;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.NetworkNamespace;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Measures what a kube-proxy's virtual addresses cost: the same client and servers, by turns at the
 * servers' own addresses and at the service's, among thousands of other services.
 */
public final class ServiceBench {
  private static final double PACKET_FILTER_BAR = 0.05;
  private static final double USERSPACE_BAR = 0.40;
  private static final int PROGRAMS = 3;
  private static final int CHANGES = 11;

  /** How many rules, the first ones, lead to the servers. */
  private static final int MEASURED = 2;

  private static final String TIME = "ms";

  private final Plan plan;
  private final Consumer<String> progress;
  private final List<ServiceFigure> figures = new ArrayList<>();

  /**
   * How much of it.
   *
   * @param time how long each turn lasts
   * @param rounds how many turns each way has
   * @param parallel at how many connections at a time they are counted
   * @param streams over how many throughput is measured
   * @param services how many there are
   * @param endpoints how many each of them has
   */
  public record Plan(
      Duration time, int rounds, List<Integer> parallel, int streams, int services, int endpoints) {
    public Plan {
      parallel = List.copyOf(parallel);
    }
  }

  public ServiceBench(Plan plan, Consumer<String> progress) {
    this.plan = plan;
    this.progress = progress;
  }

  public List<ServiceFigure> figures() {
    return List.copyOf(figures);
  }

  /** Returns in one line why the packet filter can't be measured, empty when it can. */
  public static Optional<String> packetFilterHindrance() {
    return NetworkNamespace.hindrance()
        .or(() -> NftablesProxier.hindrance(NftablesOptions.DEFAULTS));
  }

  /** Measures the mode nftables, in network namespaces that are removed again. */
  public void packetFilter(Vertx vertx) throws Exception {
    progress.accept("nftables: making a client, a node and two servers");
    try (var stage =
        new NamespaceStage(
            node -> {
              var options = NftablesOptions.DEFAULTS.withPrefix(node.prefix());
              return new NftablesProxier(
                  vertx, () -> options, (service, reason, message) -> progress.accept(message));
            })) {
      run(stage, PACKET_FILTER_BAR);
    }
  }

  /** Measures a proxier that forwards in this process, on loopback. */
  public void userspace(Proxier proxier) throws Exception {
    Component.await(proxier.start());
    try (var stage = new LoopbackStage(proxier)) {
      run(stage, USERSPACE_BAR);
    }
  }

  private void run(Stage stage, double bar) throws Exception {
    String mode = stage.proxier().mode();
    program(stage, mode);
    List<String> virtual = List.of(stage.virtualIp(0));
    for (int parallel : plan.parallel()) {
      var load = new Load(stage, parallel);
      String what = "connections, " + parallel + " at a time";
      compare(mode, what, "/s", bar, stage.servers(), virtual, load::connections);
    }
    var load = new Load(stage, plan.streams());
    String what = "throughput, " + plan.streams() + " connections";
    compare(mode, what, "MB/s", bar, stage.servers(), virtual, load::megabytes);
  }

  private void program(Stage stage, String mode) throws Exception {
    var rules = rules(stage);
    List<Double> programs = new ArrayList<>();
    List<Double> removals = new ArrayList<>();
    String services =
        "%,d services with %d endpoints each".formatted(plan.services(), plan.endpoints());
    for (int i = 0; i < PROGRAMS; i++) {
      if (i > 0) {
        removals.add(apply(stage, List.of()));
      }
      programs.add(apply(stage, rules));
    }
    time(mode, services, programs);
    List<Double> changes = new ArrayList<>();
    // Never those that are measured: they must lead to the servers.
    for (int i = 0; i < CHANGES && rules.size() > MEASURED; i++) {
      int at = MEASURED + i % (rules.size() - MEASURED);
      rules.set(at, rule(stage, at, 100_000 + i));
      changes.add(apply(stage, rules));
    }
    if (!changes.isEmpty()) {
      time(mode, "another endpoint of one of them", changes);
    }
    time(mode, "all of them taken away", removals);
  }

  private void time(String mode, String what, List<Double> millis) {
    var figure = ServiceFigure.time(mode, what, millis);
    figures.add(figure);
    progress.accept("%s: %s: %,.1f %s".formatted(mode, what, figure.virtualMedian(), TIME));
  }

  private static double apply(Stage stage, List<ServiceRule> rules) throws Exception {
    long began = System.nanoTime();
    Component.await(stage.proxier().apply(List.copyOf(rules)));
    return (System.nanoTime() - began) / 1e6;
  }

  @FunctionalInterface
  private interface Turn {
    double take(List<String> addresses, Duration time) throws Exception;
  }

  private void compare(
      String mode,
      String what,
      String unit,
      double bar,
      List<String> servers,
      List<String> virtualAddress,
      Turn turn) {
    try {
      turn.take(servers, plan.time());
      turn.take(virtualAddress, plan.time());
      List<Double> direct = new ArrayList<>();
      List<Double> virtual = new ArrayList<>();
      for (int i = 0; i < plan.rounds(); i++) {
        // Each way is first as often as the other, lest what drifts favours one.
        if (i % 2 == 0) {
          direct.add(turn.take(servers, plan.time()));
          virtual.add(turn.take(virtualAddress, plan.time()));
        } else {
          virtual.add(turn.take(virtualAddress, plan.time()));
          direct.add(turn.take(servers, plan.time()));
        }
      }
      var figure = new ServiceFigure(mode, what, unit, direct, virtual, bar, null);
      figures.add(figure);
      progress.accept(
          "%s: %s: direct %,.0f, virtual %,.0f %s"
              .formatted(mode, what, figure.directMedian(), figure.virtualMedian(), unit));
    } catch (Exception e) {
      var figure = ServiceFigure.failed(mode, what, e);
      figures.add(figure);
      progress.accept("%s: %s: failed: %s".formatted(mode, what, figure.failure()));
    }
  }

  /** The first two are the ports of the service that is measured. */
  private List<ServiceRule> rules(Stage stage) {
    List<ServiceRule> rules = new ArrayList<>();
    for (int port : new int[] {Stage.EXCHANGE, Stage.SOURCE}) {
      var servers = stage.servers().stream().map(ip -> new Endpoint(ip, port, true)).toList();
      rules.add(rule("measured", "p" + port, stage.virtualIp(0), port, servers));
    }
    for (int i = 1; i < plan.services(); i++) {
      rules.add(rule(stage, rules.size(), rules.size() * plan.endpoints()));
    }
    return rules;
  }

  private ServiceRule rule(Stage stage, int at, int firstEndpoint) {
    var endpoints =
        IntStream.range(firstEndpoint, firstEndpoint + plan.endpoints())
            .mapToObj(number -> new Endpoint(stage.endpoint(number), 9000, false))
            .toList();
    // The first service has two rules.
    return rule("service-" + at, "", stage.virtualIp(at - 1), 80, endpoints);
  }

  private static ServiceRule rule(
      String service, String port, String ip, int number, List<Endpoint> endpoints) {
    var all = new Destinations(endpoints, false);
    return new ServiceRule(
        new ServicePortName("bench", service, port, Protocol.TCP),
        ip,
        number,
        0,
        List.of(),
        Duration.ZERO,
        all,
        all,
        false);
  }
}
