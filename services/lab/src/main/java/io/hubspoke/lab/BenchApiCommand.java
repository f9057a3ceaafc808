package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.lab.bench.ApiBench;
import io.hubspoke.lab.bench.Measurement;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures an apiserver: a hub in a process of its own, or any that a kubeconfig names. */
@Command(
    name = "api",
    mixinStandardHelpOptions = true,
    description = {
      "Measures an apiserver over TLS: GET, LIST of 500, POST, PUT of leases, and watches.",
      "It is a hub started for the purpose, or the one of --kubeconfig. Loads are closed loops: each"
          + " connection sends its next request when the last one is answered. Where hey is on the"
          + " PATH it repeats GET and POST."
    },
    footer = {
      "",
      "Examples:",
      "  hubspoke bench api",
      "  hubspoke bench api --duration 30 --connections 32 --json api.json",
      "  hubspoke bench api --kubeconfig admin.conf"
    })
final class BenchApiCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--connections",
      defaultValue = "32",
      paramLabel = "N",
      description = "Connections that ask at a time (default: ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--duration",
      defaultValue = "10",
      paramLabel = "SECONDS",
      description = "How long each load lasts (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--warm-up",
      defaultValue = "5",
      paramLabel = "SECONDS",
      description =
          "How long GET and POST are asked before anything counts (default: ${DEFAULT-VALUE}).")
  private int warmUpSeconds;

  @Option(
      names = "--watchers",
      split = ",",
      defaultValue = "1,100,1000",
      paramLabel = "N",
      description =
          "Watchers to write before, one number after another (default: ${DEFAULT-VALUE}).")
  private List<Integer> watchers;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "Measure this apiserver instead; its user must be allowed to do everything in the"
              + " namespace hubspoke-bench.")
  private Path kubeconfig;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "Use this address instead of the one that the kubeconfig has.")
  private URI url;

  @Option(
      names = "--pid",
      paramLabel = "PID",
      description = "Process of the apiserver of --kubeconfig, to tell its memory and CPU time.")
  private Long pid;

  @Option(names = "--no-hey", description = "Do without hey.")
  private boolean withoutHey;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private Path json;

  @Override
  public Integer call() throws Exception {
    check();
    var file = json == null ? null : ReportFile.writable(json);
    var plan =
        new ApiBench.Plan(
            connections,
            Duration.ofSeconds(seconds),
            Duration.ofSeconds(warmUpSeconds),
            watchers,
            !withoutHey);
    progress(Machine.here().toString());
    List<Measurement> measured;
    if (kubeconfig == null) {
      progress("starting a hub");
      try (var hub = HubProcess.start()) {
        measured = measure(hub.admin(), hub.server(), plan);
      }
    } else {
      var config = ClientConfig.of(Kubeconfig.read(kubeconfig));
      measured =
          measure(
              url == null ? config : config.withServer(url),
              pid == null ? null : new ServerProcess(pid),
              plan);
    }
    print(measured);
    if (file != null) {
      var document = Json.object();
      document.set("machine", Machine.here().json());
      document.put("connections", connections).put("seconds", seconds);
      var rows = document.putArray("measurements");
      measured.forEach(row -> rows.add(row.json()));
      file.write(document);
    }
    // All of them, so that each unsound one is named.
    var sound = measured.stream().map(this::isSound).toList();
    return sound.contains(false) ? 1 : 0;
  }

  private List<Measurement> measure(ClientConfig config, ServerProcess server, ApiBench.Plan plan)
      throws Exception {
    var vertx = Component.vertx();
    try {
      return new ApiBench(vertx, config, server, this::progress).run(plan);
    } finally {
      Component.await(vertx.close());
    }
  }

  /** Figures of requests that failed, or of none, are no figures. */
  private boolean isSound(Measurement row) {
    if (row.failed() == 0 && row.times().count() > 0) {
      return true;
    }
    PrintWriter err = spec.commandLine().getErr();
    err.printf("error: %s: %,d failed, %,d done%n", row.what(), row.failed(), row.times().count());
    err.flush();
    return false;
  }

  private void check() {
    if (connections < 1 || seconds < 1 || warmUpSeconds < 0) {
      throw misuse("--connections and --duration must be 1 or more, --warm-up 0 or more");
    }
    if (watchers.stream().anyMatch(n -> n < 1)) {
      throw misuse("--watchers must be numbers of 1 or more");
    }
    if (kubeconfig == null && (url != null || pid != null)) {
      throw misuse("--url and --pid go with --kubeconfig");
    }
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void print(List<Measurement> measured) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%n%-24s %10s %8s %10s %10s %12s %8s%n",
        "", "per s", "failed", "p50 ms", "p99 ms", "CPU us each", "MB");
    for (Measurement row : measured) {
      out.printf(
          "%-24s %,10.0f %,8d %10.2f %10.2f %12s %8s%n",
          row.what(),
          row.perSecond(),
          row.failed(),
          row.times().percentile(0.5),
          row.times().percentile(0.99),
          row.server() == null ? "-" : "%,.0f".formatted(row.cpuMicros()),
          row.server() == null ? "-" : "%,d".formatted(row.server().megabytes()));
    }
    out.printf(
        "%nOne request at a time on each of %d connections (closed loop), HTTP/1.1 and TLS; the load"
            + " and the server shared the processors. CPU and MB are the server's.%n",
        connections);
    out.flush();
  }

  private void progress(String what) {
    SinceStart.tell(spec.commandLine().getErr(), what);
  }
}
