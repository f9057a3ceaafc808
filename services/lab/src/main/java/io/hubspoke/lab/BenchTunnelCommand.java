package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.lab.bench.tunnel.DirectEnds;
import io.hubspoke.lab.bench.tunnel.TargetPorts;
import io.hubspoke.lab.bench.tunnel.TunnelBench;
import io.hubspoke.lab.bench.tunnel.TunnelEnds;
import io.hubspoke.lab.bench.tunnel.TunnelFigure;
import io.hubspoke.runtime.Component;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures the ways from the control plane to nodes. */
@Command(
    name = "tunnel",
    mixinStandardHelpOptions = true,
    description = {
      "Measures throughput, set-up, idle connections and stopped readers over each way from the"
          + " control plane to nodes.",
      "Both ends of a tunnel and the target are processes of their own; the load dials as the"
          + " apiserver does."
    },
    footer = {
      "",
      "Examples:",
      "  hubspoke bench tunnel",
      "  hubspoke bench tunnel --egress grpc,http-connect --only stream --json tunnel.json"
    })
final class BenchTunnelCommand implements Callable<Integer> {
  private static final List<String> WAYS = List.of("direct", "ssh", "grpc", "http-connect");

  private static final List<String> KONNECTIVITY = List.of("grpc", "http-connect");

  @Spec private CommandSpec spec;

  @Option(
      names = "--egress",
      split = ",",
      paramLabel = "WAY",
      description = "Which ways: direct, ssh, grpc, http-connect (all).")
  private List<String> ways = WAYS;

  @Option(
      names = "--duration",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "How long each load lasts (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "How long each load runs before that (default: ${DEFAULT-VALUE}).")
  private double warmUp;

  @Option(
      names = "--streams",
      defaultValue = "32",
      paramLabel = "N",
      description = "Streams and connections where there are several (default: ${DEFAULT-VALUE}).")
  private int streams;

  @Option(
      names = "--idle",
      defaultValue = "10000",
      paramLabel = "N",
      description = "Connections opened to see what one costs (default: ${DEFAULT-VALUE}).")
  private int idle;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      paramLabel = "N",
      description = "How often a stopped reader comes and goes (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--curl",
      defaultValue = "100",
      paramLabel = "N",
      description = "Requests that curl makes, where it is there (default: ${DEFAULT-VALUE}).")
  private int curls;

  @Option(
      names = "--only",
      defaultValue = "",
      paramLabel = "TEXT",
      description = "Only loads whose name contains this.")
  private String only;

  @Option(
      names = "--peers",
      paramLabel = "FOLDER",
      description = "Measure the real proxy-server and proxy-agent in this folder after ours.")
  private Path peers;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private Path json;

  /** What connections are made to, in a process of its own. */
  @Command(name = "tunnel-target", hidden = true)
  static final class Target implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
      var vertx = Component.vertx();
      var out = spec.commandLine().getOut();
      out.println(Component.await(TargetPorts.listen(vertx)));
      out.flush();
      Component.awaitSignal(vertx::close, System.err);
      return 0;
    }
  }

  @Override
  public Integer call() throws Exception {
    check("--streams", streams, 1);
    check("--idle", idle, 1);
    check("--rounds", rounds, 1);
    check("--curl", curls, 1);
    if (!(seconds > 0) || warmUp < 0) {
      throw new ParameterException(spec.commandLine(), "--duration, --warm-up: too short");
    }
    for (var way : ways) {
      if (!WAYS.contains(way)) {
        throw new ParameterException(
            spec.commandLine(),
            "--egress: no way \"%s\"; there are %s".formatted(way, String.join(", ", WAYS)));
      }
    }
    checkPeers();
    var file = json == null ? null : ReportFile.writable(json);
    progress(Machine.here().toString());
    var plan =
        new TunnelBench.Plan(time(warmUp), time(seconds), streams, idle, rounds, curls, only);
    var vertx = Component.vertx();
    var target = OwnCommand.speaking(List.of("bench", "tunnel-target"));
    TunnelBench bench;
    try {
      bench = new TunnelBench(vertx, TargetPorts.read(target), plan, this::progress);
      for (var way : ways) {
        try (var ends = ends(vertx, way)) {
          bench.measure(ends);
        }
        if (peers != null && KONNECTIVITY.contains(way)) {
          try (var ends = KonnectivityPair.start(vertx, way, peers)) {
            bench.measure(ends);
          }
        }
      }
    } finally {
      ServerProcess.end(target);
      Component.await(vertx.close());
    }
    if (bench.figures().isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--only: no load of %s has a name that contains \"%s\""
              .formatted(String.join(", ", ways), only));
    }
    print(bench.figures());
    if (file != null) {
      var document = Json.object();
      document.set("machine", Machine.here().json());
      document.put("seconds", seconds);
      var rows = document.putArray("figures");
      bench.figures().forEach(figure -> rows.add(figure.json()));
      file.write(document);
    }
    return bench.figures().stream().anyMatch(figure -> figure.failure() != null) ? 1 : 0;
  }

  private TunnelEnds ends(Vertx vertx, String way) throws IOException {
    return switch (way) {
      case "direct" -> new DirectEnds(vertx);
      case "ssh" -> SshPair.start(vertx);
      case "grpc", "http-connect" -> KonnectivityPair.start(vertx, way, null);
      default -> throw new IOException("no way " + way);
    };
  }

  private void checkPeers() throws IOException {
    for (var name : peers == null ? List.<String>of() : List.of("proxy-server", "proxy-agent")) {
      if (!Files.isExecutable(peers.resolve(name))) {
        throw new IOException("--peers " + peers + ": there is no " + name + " in it");
      }
    }
  }

  private static Duration time(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }

  private void check(String name, int value, int least) {
    if (value < least) {
      throw new ParameterException(spec.commandLine(), name + ": " + value + " is below " + least);
    }
  }

  private void print(List<TunnelFigure> figures) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%n%-18s %-48s %10s %-4s  %s%n", "way", "what", "figure", "", "bar");
    for (var figure : figures) {
      if (figure.failure() == null) {
        out.printf(
            "%-18s %-48s %,10.2f %-4s  %s%n",
            figure.way(), figure.what(), figure.value(), figure.unit(), figure.barInWords());
      } else {
        out.printf("%-18s %-48s failed: %s%n", figure.way(), figure.what(), figure.failure());
      }
    }
    out.flush();
  }

  private void progress(String what) {
    SinceStart.tell(spec.commandLine().getErr(), what);
  }
}
