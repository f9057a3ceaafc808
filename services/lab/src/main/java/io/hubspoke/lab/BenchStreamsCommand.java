package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.lab.bench.StreamBench;
import io.hubspoke.lab.bench.StreamFigure;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.StreamTransport;
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

/** Measures streams through a hub to a kubelet, each in a process of its own. */
@Command(
    name = "streams",
    mixinStandardHelpOptions = true,
    description = {
      "Measures exec, port-forward and the pod proxy through an apiserver and a kubelet that are"
          + " started for the purpose, over TLS with certificates at both ends of both ways.",
      "What the pod serves is served by the load's own process, at the pod's address."
    },
    footer = {
      "",
      "Examples:",
      "  hubspoke bench streams",
      "  hubspoke bench streams --duration 10 --transport WEBSOCKET --json streams.json"
    })
final class BenchStreamsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--duration",
      defaultValue = "4",
      paramLabel = "SECONDS",
      description = "How long each load lasts (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      paramLabel = "SECONDS",
      description = "How long each load runs before that (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--copy",
      defaultValue = "200",
      paramLabel = "MB",
      description = "Size of the file that is copied (default: ${DEFAULT-VALUE}).")
  private int copy;

  @Option(
      names = "--parallel",
      defaultValue = "32",
      paramLabel = "N",
      description = "Small requests and execs at a time (default: ${DEFAULT-VALUE}).")
  private int parallel;

  @Option(
      names = "--idle",
      defaultValue = "500",
      paramLabel = "N",
      description = "Streams opened to see what one costs (default: ${DEFAULT-VALUE}).")
  private int idle;

  @Option(
      names = "--transport",
      defaultValue = "SPDY",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private StreamTransport transport;

  @Option(
      names = "--container-runtime-endpoint",
      defaultValue = "in-process://",
      paramLabel = "ENDPOINT",
      description = "The kubelet's runtime (default: ${DEFAULT-VALUE}).")
  private String runtime;

  @Option(
      names = "--image",
      defaultValue = "hubspoke/pause",
      description = "What the pod runs (default: ${DEFAULT-VALUE}).")
  private String image;

  @Option(
      names = "--command",
      defaultValue = "[]",
      paramLabel = "JSON",
      description = "Its command, where the image alone won't stay (default: ${DEFAULT-VALUE}).")
  private String command;

  @Option(
      names = "--only",
      defaultValue = "",
      paramLabel = "TEXT",
      description = "Only loads whose name contains this.")
  private String only;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private Path json;

  @Override
  public Integer call() throws Exception {
    check("--duration", seconds, 1);
    check("--parallel", parallel, 1);
    check("--idle", idle, 1);
    check("--warm-up", warmUp, 0);
    check("--copy", copy, 1);
    if (StreamBench.NAMES.stream().noneMatch(name -> name.contains(only))) {
      throw new ParameterException(
          spec.commandLine(), "--only: no load's name contains \"" + only + "\"");
    }
    var file = json == null ? null : ReportFile.writable(json);
    progress(Machine.here().toString());
    List<StreamFigure> figures;
    var vertx = Component.vertx();
    progress("starting a hub and a kubelet");
    try (var hub = HubProcess.start();
        var node = NodeProcess.start(hub, runtime)) {
      var bench =
          new StreamBench(
              vertx,
              hub.admin(),
              transport,
              2 * idle + 2 * parallel,
              hub.server(),
              node.server(),
              this::progress);
      figures =
          bench.run(
              new StreamBench.Plan(
                  NodeProcess.NAME,
                  image,
                  command,
                  only,
                  Duration.ofSeconds(warmUp),
                  Duration.ofSeconds(seconds),
                  copy * 1_000_000L,
                  parallel,
                  idle));
      Component.await(bench.close());
    } finally {
      Component.await(vertx.close());
    }
    print(figures);
    if (file != null) {
      var document = Json.object();
      document.set("machine", Machine.here().json());
      document.put("transport", transport.name()).put("seconds", seconds);
      var rows = document.putArray("figures");
      figures.forEach(figure -> rows.add(figure.json()));
      file.write(document);
    }
    return figures.stream().anyMatch(figure -> figure.failure() != null) ? 1 : 0;
  }

  private void check(String name, int value, int least) {
    if (value < least) {
      throw new ParameterException(spec.commandLine(), name + ": " + value + " is below " + least);
    }
  }

  private void print(List<StreamFigure> figures) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%n%-28s %10s %-4s   %s%n", "load", "figure", "", "processors kept busy");
    for (StreamFigure figure : figures) {
      if (figure.failure() == null) {
        out.printf(
            "%-28s %,10.1f %-4s   %s%n",
            figure.what(), figure.value(), figure.unit(), figure.busy());
      } else {
        out.printf("%-28s %10s %s%n", figure.what(), "-", figure.failure());
      }
    }
    out.flush();
  }

  private void progress(String what) {
    SinceStart.tell(spec.commandLine().getErr(), what);
  }
}
