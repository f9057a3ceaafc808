package io.hubspoke.lab;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.runtime.DirectoryTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how fast and how large meshes and their apiserver are. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures meshes and apiservers.",
    subcommands = {
      BenchCommand.Startup.class,
      BenchApiCommand.class,
      BenchStreamsCommand.class,
      BenchServiceCommand.class,
      BenchTunnelCommand.class,
      BenchTunnelCommand.Target.class
    },
    synopsisSubcommandLabel = "(startup | api | streams | service | tunnel)",
    footer = {
      "",
      "Example:",
      "  hubspoke bench startup --runs 5",
      "  hubspoke bench api",
      "  hubspoke bench streams",
      "  hubspoke bench service",
      "  hubspoke bench tunnel"
    })
final class BenchCommand implements Callable<Integer> {
  @picocli.CommandLine.Spec private picocli.CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(System.out);
    return 0;
  }

  /** Starts meshes as child processes; takes their time to ready and their memory. */
  @Command(
      name = "startup",
      mixinStandardHelpOptions = true,
      description = "Runs 'hubspoke up' several times: time to ready from its start, and memory.",
      footer = {"", "Example:", "  hubspoke bench startup --runs 5 --nodes 3"})
  static final class Startup implements Callable<Integer> {
    private static final Pattern READY = Pattern.compile("ready in ([0-9.]+) s");
    private static final long SETTLE_SECONDS = 1;

    private record Run(double seconds, long megabytes, long peak) {}

    @Option(
        names = "--runs",
        defaultValue = "5",
        paramLabel = "N",
        description = "How often (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(
        names = "--nodes",
        defaultValue = "3",
        paramLabel = "N",
        description = "Nodes of each mesh (default: ${DEFAULT-VALUE}).")
    private int nodes;

    @Override
    public Integer call() throws Exception {
      System.out.println(Machine.here());
      var measured = new ArrayList<Run>();
      for (var i = 1; i <= Math.max(1, runs); i++) {
        var run = run();
        measured.add(run);
        System.out.printf(
            "run %d: ready in %.3f s, %d MB resident (peak %d MB)%n",
            i, run.seconds(), run.megabytes(), run.peak());
      }
      System.out.printf(
          "%d nodes: ready in %.3f s (minimum), %.3f s (median); %d MB resident (largest; peak %d MB)%n",
          nodes,
          measured.stream().mapToDouble(Run::seconds).min().orElseThrow(),
          median(measured.stream().map(Run::seconds).sorted().toList()),
          measured.stream().mapToLong(Run::megabytes).max().orElseThrow(),
          measured.stream().mapToLong(Run::peak).max().orElseThrow());
      return 0;
    }

    private Run run() throws IOException, InterruptedException {
      var directory = Files.createTempDirectory("hubspoke-bench-");
      var process =
          new ProcessBuilder(
                  OwnCommand.launched(
                      List.of(
                          "up", "--nodes", Integer.toString(nodes), "--dir", directory.toString())))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (var out = process.inputReader(StandardCharsets.UTF_8)) {
        var seconds = readySeconds(out);
        // Memory is taken with the mesh at work, not at the instant it became ready.
        TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
        var server = new ServerProcess(process.pid());
        return new Run(seconds, server.residentMegabytes(), server.peakMegabytes());
      } finally {
        ServerProcess.end(process);
        DirectoryTree.delete(directory);
      }
    }

    private static double readySeconds(BufferedReader out) throws IOException {
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        var ready = READY.matcher(line);
        if (ready.find()) {
          return Double.parseDouble(ready.group(1));
        }
      }
      throw new IOException("'hubspoke up' ended before it was ready");
    }

    private static double median(List<Double> sorted) {
      return sorted.get(sorted.size() / 2);
    }
  }
}
