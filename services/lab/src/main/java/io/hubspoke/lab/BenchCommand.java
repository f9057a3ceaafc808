package io.hubspoke.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures how fast and how large meshes are. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures meshes.",
    subcommands = BenchCommand.Startup.class,
    synopsisSubcommandLabel = "startup",
    footer = {"", "Example:", "  hubspoke bench startup --runs 5"})
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
    private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final long SETTLE_SECONDS = 1;

    private record Run(double seconds, long megabytes) {}

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
      System.out.printf(
          "%d processors, %d MB of memory, Java %s%n",
          Runtime.getRuntime().availableProcessors(), physicalMegabytes(), Runtime.version());
      var measured = new ArrayList<Run>();
      for (var i = 1; i <= Math.max(1, runs); i++) {
        var run = run();
        measured.add(run);
        System.out.printf(
            "run %d: ready in %.3f s, %d MB resident%n", i, run.seconds(), run.megabytes());
      }
      System.out.printf(
          "%d nodes: ready in %.3f s (minimum), %.3f s (median); %d MB resident (largest)%n",
          nodes,
          measured.stream().mapToDouble(Run::seconds).min().orElseThrow(),
          median(measured.stream().map(Run::seconds).sorted().toList()),
          measured.stream().mapToLong(Run::megabytes).max().orElseThrow());
      return 0;
    }

    private Run run() throws IOException, InterruptedException {
      var directory = Files.createTempDirectory("hubspoke-bench-");
      var process =
          new ProcessBuilder(command(directory))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (var out = process.inputReader(StandardCharsets.UTF_8)) {
        var seconds = readySeconds(out);
        // Memory is taken with the mesh at work, not at the instant it became ready.
        TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
        return new Run(seconds, residentMegabytes(process.pid()));
      } finally {
        process.destroy();
        if (!process.waitFor(15, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
        delete(directory);
      }
    }

    /** The command line of this process, launcher's options and all, with other arguments. */
    private List<String> command(Path directory) throws IOException {
      var self = ProcessHandle.current().info();
      var command = new ArrayList<String>();
      command.add(
          self.command()
              .orElseThrow(() -> new IOException("cannot tell how this JVM was started")));
      command.addAll(java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments());
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(Hubspoke.class.getName());
      command.addAll(
          List.of("up", "--nodes", Integer.toString(nodes), "--dir", directory.toString()));
      return command;
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

    private static long residentMegabytes(long pid) throws IOException {
      var rss = RSS.matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
      if (!rss.find()) {
        throw new IOException("no VmRSS in /proc/" + pid + "/status");
      }
      return Long.parseLong(rss.group(1)) / 1024;
    }

    private static long physicalMegabytes() throws IOException {
      var total =
          Pattern.compile("MemTotal:\\s+(\\d+) kB")
              .matcher(Files.readString(Path.of("/proc/meminfo")));
      return total.find() ? Long.parseLong(total.group(1)) / 1024 : 0;
    }

    private static double median(List<Double> sorted) {
      return sorted.get(sorted.size() / 2);
    }

    private static void delete(Path directory) throws IOException {
      try (var files = Files.walk(directory)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
