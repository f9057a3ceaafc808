package io.hubspoke.lab.bench.service;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.kubeproxy.nftables.NftablesOptions;
import io.hubspoke.kubeproxy.nftables.NftablesProxier;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.lab.bench.service.Load.Took;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.NetworkNamespace;
import io.vertx.core.Vertx;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Measures what a kube-proxy's virtual addresses cost: the same client and servers, by turns at the
 * servers' own addresses and at the service's, among thousands of other services. All modes take
 * part in each round, so that whatever else the machine does meets them alike.
 */
public final class ServiceBench implements Closeable {
  private static final double PACKET_FILTER_BAR = 0.05;
  private static final double USERSPACE_BAR = 0.40;
  private static final int PROGRAMS = 3;
  private static final int CHANGES = 11;

  /** How many rules, the first ones, lead to the servers. */
  private static final int MEASURED = 3;

  private static final String TIME = "ms";

  private final Plan plan;
  private final Consumer<String> progress;
  private final List<Mode> modes = new ArrayList<>();
  private final List<ServiceFigure> figures = new ArrayList<>();

  /** What is measured. */
  private record Mode(Stage stage, double bar) {
    String name() {
      return stage.proxier().mode();
    }
  }

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

  /** Has the mode nftables take part, in network namespaces that are removed again. */
  public void packetFilter(Vertx vertx) throws Exception {
    progress.accept("nftables: making a client, a node and two servers");
    var stage =
        new NamespaceStage(
            node -> {
              var options = NftablesOptions.DEFAULTS.withPrefix(node.prefix());
              return new NftablesProxier(
                  vertx, () -> options, (service, reason, message) -> progress.accept(message));
            });
    modes.add(new Mode(stage, PACKET_FILTER_BAR));
  }

  /** Has a proxier take part that forwards in this process, on loopback. */
  public void userspace(Proxier proxier) throws Exception {
    Component.await(proxier.start());
    modes.add(new Mode(new LoopbackStage(proxier), USERSPACE_BAR));
  }

  /** Measures those that take part. */
  public void run() throws Exception {
    for (var mode : modes) {
      program(mode.stage(), mode.name());
    }
    for (int parallel : plan.parallel()) {
      String what = "connections, " + parallel + " at a time";
      compare(what, "/s", stage -> new Load(stage, parallel)::connections);
    }
    for (int parallel : plan.parallel()) {
      String what = "HTTP requests, " + parallel + " at a time";
      compare(what, "/s", stage -> new Load(stage, parallel)::requests);
    }
    String what = "throughput, " + plan.streams() + " connections";
    compare(what, "MB/s", stage -> new Load(stage, plan.streams())::megabytes);
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (var mode : modes) {
      try {
        mode.stage().close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
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
    Took take(List<String> addresses, Duration time) throws Exception;
  }

  private void compare(String what, String unit, Function<Stage, Turn> turns) {
    List<Way> ways = new ArrayList<>();
    for (var mode : modes) {
      var turn = turns.apply(mode.stage());
      ways.add(new Way(turn, mode.stage().servers(), plan.time()));
      ways.add(new Way(turn, List.of(mode.stage().virtualIp(0)), plan.time()));
    }
    ways.forEach(Way::warmUp);
    for (int i = 0; i < plan.rounds(); i++) {
      // Each is first as often as it is last, lest what drifts favours one.
      (i % 2 == 0 ? ways : ways.reversed()).forEach(Way::take);
    }
    for (int i = 0; i < modes.size(); i++) {
      add(modes.get(i), what, unit, ways.get(2 * i), ways.get(2 * i + 1));
    }
  }

  private void add(Mode mode, String what, String unit, Way direct, Way virtual) {
    var failure = direct.failure() == null ? virtual.failure() : direct.failure();
    if (failure != null) {
      var figure = ServiceFigure.failed(mode.name(), what, failure);
      figures.add(figure);
      progress.accept("%s: %s: failed: %s".formatted(mode.name(), what, figure.failure()));
      return;
    }
    var figure =
        new ServiceFigure(
            mode.name(),
            what,
            unit,
            direct.rates(),
            virtual.rates(),
            direct.micros(),
            virtual.micros(),
            mode.bar(),
            null);
    figures.add(figure);
    progress.accept(
        "%s: %s: direct %,.0f, virtual %,.0f %s"
            .formatted(mode.name(), what, figure.directMedian(), figure.virtualMedian(), unit));
  }

  /** One way to the servers, with what its turns came to until one failed. */
  private static final class Way {
    private final Turn turn;
    private final List<String> addresses;
    private final Duration time;
    private final List<Took> taken = new ArrayList<>();
    private Exception failure;

    Way(Turn turn, List<String> addresses, Duration time) {
      this.turn = turn;
      this.addresses = addresses;
      this.time = time;
    }

    void warmUp() {
      take();
      taken.clear();
    }

    void take() {
      if (failure == null) {
        try {
          taken.add(turn.take(addresses, time));
        } catch (Exception e) {
          failure = e;
        }
      }
    }

    Exception failure() {
      return failure;
    }

    List<Double> rates() {
      return taken.stream().map(Took::rate).toList();
    }

    List<Double> micros() {
      return taken.stream().map(Took::micros).toList();
    }
  }

  /** The first three are the ports of the service that is measured. */
  private List<ServiceRule> rules(Stage stage) {
    List<ServiceRule> rules = new ArrayList<>();
    for (int port : new int[] {Stage.EXCHANGE, Stage.SOURCE, Stage.HTTP}) {
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
    // The first service has the measured rules.
    return rule("service-" + at, "", stage.virtualIp(at - MEASURED + 1), 80, endpoints);
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
