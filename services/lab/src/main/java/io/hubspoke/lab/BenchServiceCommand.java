package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxierFactory.Surroundings;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.kubeproxy.userspace.ServiceListeners;
import io.hubspoke.kubeproxy.userspace.UserspaceProxier;
import io.hubspoke.lab.bench.service.ServiceBench;
import io.hubspoke.lab.bench.service.ServiceFigure;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.runtime.Component;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures a service's virtual address against its endpoints' own. */
@Command(
    name = "service",
    mixinStandardHelpOptions = true,
    description = {
      "Measures connections, HTTP requests on connections of their own, and throughput through the"
          + " virtual address of a service against the direct way, all modes by turns, and how"
          + " long thousands of services take to program.",
      "Processor time is that of client, servers and proxy together, for each connection, request"
          + " or megabyte.",
      "The packet filter forwards between network namespaces that are made for the purpose and"
          + " removed again, which needs root; the userspace mode forwards on loopback."
    },
    footer = {
      "",
      "Examples:",
      "  hubspoke bench service",
      "  hubspoke bench service --proxy-mode nftables --rounds 15 --json service.json"
    })
final class BenchServiceCommand implements Callable<Integer> {
  /** What a process may have open, with room for the load. */
  private static final int MOST_SERVICES = 15_000;

  @Spec private CommandSpec spec;

  @Option(
      names = "--proxy-mode",
      defaultValue = "",
      paramLabel = "MODE",
      description = "nftables or userspace (both).")
  private String mode;

  @Option(
      names = "--duration",
      defaultValue = "0.4",
      paramLabel = "SECONDS",
      description = "How long each turn lasts (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--rounds",
      defaultValue = "9",
      paramLabel = "N",
      description = "How many turns each way has (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--parallel",
      defaultValue = "1,8,32",
      split = ",",
      paramLabel = "N",
      description = "Connections at a time, counted for each (default: ${DEFAULT-VALUE}).")
  private List<Integer> parallel;

  @Option(
      names = "--streams",
      defaultValue = "4",
      paramLabel = "N",
      description = "Connections that throughput is measured over (default: ${DEFAULT-VALUE}).")
  private int streams;

  @Option(
      names = "--services",
      defaultValue = "5000",
      paramLabel = "N",
      description = "How many services there are (default: ${DEFAULT-VALUE}).")
  private int services;

  @Option(
      names = "--endpoints",
      defaultValue = "10",
      paramLabel = "N",
      description = "How many endpoints each of them has (default: ${DEFAULT-VALUE}).")
  private int endpoints;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private Path json;

  @Override
  public Integer call() throws Exception {
    check("--rounds", rounds, 1, 1_000);
    check("--streams", streams, 1, 1_000);
    check("--services", services, 1, MOST_SERVICES);
    check("--endpoints", endpoints, 1, 1_000);
    for (int count : parallel) {
      check("--parallel", count, 1, 1_000);
    }
    if (!(seconds > 0)) {
      throw new ParameterException(spec.commandLine(), "--duration: " + seconds + " is too short");
    }
    var wanted = mode();
    var file = json == null ? null : ReportFile.writable(json);
    progress(Machine.here().toString());
    var turn = Duration.ofNanos((long) (seconds * 1e9));
    var plan = new ServiceBench.Plan(turn, rounds, parallel, streams, services, endpoints);
    boolean all = true;
    List<ServiceFigure> figures;
    var vertx = Component.vertx();
    try (var bench = new ServiceBench(plan, this::progress)) {
      if (wanted != ProxyMode.USERSPACE) {
        var hindrance = ServiceBench.packetFilterHindrance();
        if (hindrance.isPresent()) {
          progress("nftables is not measured: " + hindrance.get());
          all = wanted == ProxyMode.AUTO;
        } else {
          bench.packetFilter(vertx);
        }
      }
      if (wanted != ProxyMode.NFTABLES) {
        bench.userspace(userspace(vertx));
      }
      bench.run();
      figures = bench.figures();
    } finally {
      Component.await(vertx.close());
    }
    print(figures);
    if (file != null) {
      var document = Json.object();
      document.set("machine", Machine.here().json());
      document.put("seconds", seconds).put("services", services).put("endpoints", endpoints);
      var rows = document.putArray("figures");
      figures.forEach(figure -> rows.add(figure.json()));
      file.write(document);
    }
    return all && figures.stream().allMatch(figure -> figure.failure() == null) ? 0 : 1;
  }

  private ProxyMode mode() {
    try {
      return ProxyMode.parse(mode);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--proxy-mode: " + e.getMessage(), e);
    }
  }

  private UserspaceProxier userspace(Vertx vertx) {
    // Nobody asks this apiserver anything: rules come from the bench.
    var nobody =
        ClientConfig.of(
            "https://127.0.0.1:6443",
            List.of(CertificateAuthority.create("nobody", Duration.ofDays(1)).certificate()),
            new Credentials.None());
    var options = KubeProxyOptions.of(nobody, "bench");
    return new UserspaceProxier(
        new Surroundings(vertx, options, List::of, (service, reason, message) -> progress(message)),
        ServiceListeners.create());
  }

  private void check(String name, int value, int least, int most) {
    if (value < least) {
      throw new ParameterException(spec.commandLine(), name + ": " + value + " is below " + least);
    }
    if (value > most) {
      throw new ParameterException(spec.commandLine(), name + ": " + value + " is above " + most);
    }
  }

  private void print(List<ServiceFigure> figures) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%n%-10s %-42s %10s %10s %-4s %8s %-12s %s%n",
        "mode", "what", "direct", "virtual", "", "below", "bar", "processor for each");
    for (var figure : figures) {
      if (figure.failure() != null) {
        out.printf("%-10s %-42s failed: %s%n", figure.mode(), figure.what(), figure.failure());
      } else if (figure.compares()) {
        out.printf(
            "%-10s %-42s %,10.0f %,10.0f %-4s %7.1f%% %-12s %,.0f -> %,.0f µs%n",
            figure.mode(),
            figure.what(),
            figure.directMedian(),
            figure.virtualMedian(),
            figure.unit(),
            figure.below() * 100,
            "%.0f%% %s".formatted(figure.bar() * 100, figure.withinBar() ? "met" : "missed"),
            figure.directMicrosMedian(),
            figure.virtualMicrosMedian());
      } else {
        out.printf(
            "%-10s %-42s %10s %,10.1f %-4s%n",
            figure.mode(), figure.what(), "", figure.virtualMedian(), figure.unit());
      }
    }
    out.flush();
  }

  private void progress(String what) {
    SinceStart.tell(spec.commandLine().getErr(), what);
  }
}
