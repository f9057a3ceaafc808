package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.cluster.LabAddress;
import io.hubspoke.lab.scale.ChildControlPlane;
import io.hubspoke.lab.scale.ChildPools;
import io.hubspoke.lab.scale.ControlPlane;
import io.hubspoke.lab.scale.CostPlot;
import io.hubspoke.lab.scale.HeapPace;
import io.hubspoke.lab.scale.LocalNodes;
import io.hubspoke.lab.scale.LocalPools;
import io.hubspoke.lab.scale.NodePools;
import io.hubspoke.lab.scale.ProgressLine;
import io.hubspoke.lab.scale.ScaleCost;
import io.hubspoke.lab.scale.ScalePlan;
import io.hubspoke.lab.scale.ScaleResult;
import io.hubspoke.lab.scale.ScaleRun;
import io.hubspoke.lab.scale.ScaleSummary;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs thousands of nodes, and says what they cost and how the control plane bears them. */
@Command(
    name = "scale",
    mixinStandardHelpOptions = true,
    description = {
      "Runs many nodes: each is a full kubelet with its own key, certificate, lease, watches and HTTPS"
          + " endpoint.",
      "Up to a thousand run in this process, with their control plane. For more one process is the"
          + " control plane, others hold the nodes; all are children of this one and end with it."
          + " With several numbers of nodes there is a run for each."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every node joined, stayed ready, and did on trial what nodes do",
      "1:something of it did not hold; it is said what",
      "130:stopped by Ctrl-C"
    },
    subcommands = {ScaleControlPlaneCommand.class, ScaleNodesCommand.class},
    footer = {
      "",
      "Examples:",
      "  hubspoke scale --nodes 1000",
      "  hubspoke scale --nodes 1000 --pods 100000 --hold 10m --json scale.json",
      "  hubspoke scale --nodes 100,1000,5000,10000 --plot scale.svg",
      "  hubspoke scale --nodes 10000 --hold 10m --earlier scale.json --plot scale.svg",
      "  hubspoke scale --nodes 1000 --lab-address 127.0.0.1 --members 2"
    })
final class ScaleCommand implements Callable<Integer> {
  private static final int NODES_A_PROCESS = 2_500;

  /** How far the heap may grow before it is collected. */
  private static final double HEAP_GROWTH = 0.25;

  /** As many as this process runs itself: another JVM takes as much memory as many of them. */
  private static final int NODES_HERE = 1_000;

  /** More of them want another collector than this process has. */
  private static final int PODS_HERE = 10_000;

  /** Kubelets' default {@code --max-pods}. */
  private static final int PODS_A_NODE = 110;

  @Spec private CommandSpec spec;

  @Option(
      names = "--nodes",
      split = ",",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Number of nodes, or several numbers (default: ${DEFAULT-VALUE}).")
  private List<Integer> nodes;

  @Option(
      names = "--pods",
      defaultValue = "0",
      paramLabel = "N",
      description = "Pods of Deployments, once the nodes are ready (default: ${DEFAULT-VALUE}).")
  private int pods;

  @Option(
      names = "--processes",
      paramLabel = "N",
      description =
          "Processes that hold the nodes, besides one for the control plane; 0 has this one hold all"
              + " (default: 0 for one number up to 1,000 with up to 10,000 pods, otherwise one for"
              + " each 2,500 nodes).")
  private Integer processes;

  @Option(
      names = "--hold",
      defaultValue = "30s",
      paramLabel = "TIME",
      converter = GoDuration.class,
      description =
          "How long to look on once everything is ready, such as 10m (default: ${DEFAULT-VALUE}).")
  private Duration hold;

  @Option(
      names = "--sample",
      defaultValue = "5",
      paramLabel = "N",
      description =
          "Nodes, chosen at random, whose logs, exec and rights are tried (default:"
              + " ${DEFAULT-VALUE}).")
  private int sample;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description =
          "Where to keep certificates, keys and kubeconfig files; it must not be there yet, and is"
              + " deleted in the end (default: a new one for temporary files).")
  private Path directory;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  private Path json;

  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description =
          "Draw cost against nodes, as SVG; takes several numbers of nodes, or --earlier ones.")
  private Path plot;

  @Option(
      names = "--earlier",
      paramLabel = "FILE",
      description = "Figures of earlier runs (--json), to be compared and drawn with these.")
  private List<Path> earlier = List.of();

  @Option(
      names = "--lab-address",
      paramLabel = "HOST[:PORT]",
      description =
          "Begin a lab cluster there, which other processes and machines join by \"hubspoke up"
              + " --join\" to run some of the nodes; the port is 5801 if none is named, and the"
              + " next one is the event bus's.")
  private String labAddress;

  @Option(
      names = "--lab-keys",
      paramLabel = "DIR",
      description =
          "Keys of the lab cluster's members, who know each other by mutual TLS; made when they are"
              + " not there (default: lab-keys in --dir).")
  private Path labKeys;

  @Option(
      names = "--members",
      paramLabel = "N",
      description =
          "Members of the lab cluster to wait for, those that --processes starts here included"
              + " (default: these alone).")
  private Integer members;

  @Override
  public Integer call() throws Exception {
    check();
    var costs = earlierCosts();
    var file = json == null ? null : ReportFile.writable(json);
    if (plot != null) {
      var unused = ReportFile.writable(plot);
    }
    if (plot != null && costs.size() + nodes.size() < 2) {
      throw misuse("--plot takes several numbers of nodes, such as --nodes 100,1000");
    }
    HeapPace.keep(HEAP_GROWTH);
    var out = spec.commandLine().getOut();
    var results = new ArrayList<ScaleResult>();
    try (var progress = new ProgressLine(spec.commandLine().getErr())) {
      progress.phase(Machine.here().toString());
      for (var count : nodes) {
        // At once: what many pods leave behind takes minutes to be deleted.
        run(
            count,
            progress,
            result -> {
              results.add(result);
              ScaleSummary.print(result, out);
              if (file != null) {
                file.write(figures(results));
              }
            });
      }
    }
    results.forEach(result -> costs.add(result.cost()));
    costs.sort(Comparator.comparingInt(ScaleCost::nodes));
    if (costs.size() > 1) {
      ScaleSummary.compare(costs, out);
    }
    if (plot != null) {
      Files.writeString(plot, CostPlot.of(costs));
    }
    return results.stream().allMatch(ScaleResult::sound) ? 0 : 1;
  }

  private List<ScaleCost> earlierCosts() {
    var costs = new ArrayList<ScaleCost>();
    for (var runs : earlier) {
      try {
        costs.addAll(Flag.read("--earlier", () -> costs(runs)));
      } catch (IOException e) {
        throw misuse(e.getMessage());
      }
    }
    return costs;
  }

  private static List<ScaleCost> costs(Path runs) throws IOException {
    var costs = new ArrayList<ScaleCost>();
    Json.parseObject(Files.readAllBytes(runs))
        .path("runs")
        .forEach(run -> costs.add(ScaleCost.of(run)));
    return costs;
  }

  private static ObjectNode figures(List<ScaleResult> results) {
    var document = Json.object();
    document.set("machine", Machine.here().json());
    var runs = document.putArray("runs");
    results.forEach(result -> runs.add(result.json()));
    return document;
  }

  /** Gets what a run has measured while it still is there. */
  private interface Reporting {
    void accept(ScaleResult result) throws IOException;
  }

  private void run(int count, ProgressLine progress, Reporting reporting) throws Exception {
    var lab = lab();
    var where =
        directory == null
            ? Files.createTempDirectory("hubspoke-scale-")
            : Files.createDirectories(directory.toAbsolutePath());
    var pools = pools(count);
    var plan = new ScalePlan(count, pools, pods, hold, Math.min(sample, count), where);
    var children = new Children(count, pods, progress::note, lab == null ? "" : lab.reachable());
    if (lab == null) {
      var launcher = pools == 0 ? new Here(progress::note) : children;
      run(new ScaleRun(plan, launcher, progress::phase, progress::live), reporting);
      return;
    }
    var keys = labKeys == null ? where.resolve("lab-keys") : labKeys;
    try (var cluster =
        ScaleLab.begin(lab, keys, members == null ? pools : members, children, progress::note)) {
      run(new ScaleRun(plan, cluster, progress::phase, progress::live), reporting);
    } catch (IOException e) {
      DirectoryTree.delete(where);
      throw e;
    }
  }

  private int pools(int count) {
    if (processes != null) {
      return processes;
    }
    return labAddress == null && nodes.size() == 1 && count <= NODES_HERE && pods <= PODS_HERE
        ? 0
        : Math.ceilDiv(count, NODES_A_PROCESS);
  }

  private static void run(ScaleRun run, Reporting reporting) throws Exception {
    var hook = new Thread(() -> end(run), "stop");
    Runtime.getRuntime().addShutdownHook(hook);
    try (run) {
      reporting.accept(run.run());
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException stopping) {
        // Ctrl-C; the hook does what is left.
        Thread.sleep(Duration.ofMinutes(1));
      }
    }
  }

  private static void end(ScaleRun run) {
    try {
      run.close();
    } catch (IOException e) {
      System.err.println("error: while stopping: " + e.getMessage());
    }
  }

  private void check() {
    for (var count : nodes) {
      if (count < 1 || count > LoopbackAddresses.LARGE_NODES) {
        throw misuse(
            "--nodes must be between 1 and %d, but is %d"
                .formatted(LoopbackAddresses.LARGE_NODES, count));
      }
      if (pods < 0 || pods > (long) count * PODS_A_NODE) {
        throw misuse(
            "--pods must be between 0 and %d a node, but is %d".formatted(PODS_A_NODE, pods));
      }
    }
    if (processes != null && (processes < 0 || nodes.stream().anyMatch(n -> n < processes))) {
      throw misuse("--processes must be between 0 and --nodes, but is " + processes);
    }
    if (processes != null && processes == 0 && nodes.size() > 1) {
      throw misuse(
          "--processes 0 goes with one number of --nodes: a run would be charged with the last one's"
              + " memory");
    }
    checkLab();
    if (sample < 0) {
      throw misuse("--sample must not be negative, but is " + sample);
    }
    if (directory != null && Files.exists(directory)) {
      throw misuse("--dir must not be there yet, but " + directory + " is");
    }
  }

  private void checkLab() {
    if (labAddress == null && (labKeys != null || members != null)) {
      throw misuse("--lab-keys and --members go with --lab-address");
    }
    if (labAddress != null && nodes.size() > 1) {
      throw misuse("--lab-address goes with one number of --nodes: members join one control plane");
    }
    if (members != null && members < 1) {
      throw misuse("--members must be at least 1, but is " + members);
    }
  }

  private LabAddress lab() throws IOException {
    if (labAddress == null) {
      return null;
    }
    try {
      var lab = LabAddress.parse(labAddress);
      LabWarning.unlessLoopback(lab, spec.commandLine().getErr());
      return lab;
    } catch (IllegalArgumentException e) {
      throw misuse("--lab-address " + e.getMessage());
    }
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** All of it in this process. */
  private record Here(Consumer<String> note) implements ScaleRun.Launcher {
    @Override
    public ControlPlane controlPlane(Path directory) {
      return new LocalControlPlane(directory, "");
    }

    @Override
    public NodePools pools(
        ScalePlan plan, ScaleRun.Cluster cluster, Function<String, Future<Void>> forget) {
      var nodes = plan.directory().resolve("nodes");
      var kubelets =
          new PoolKubelets(
              new LoopbackAddresses(cluster.block(), true),
              nodes,
              plan.directory().resolve(LocalControlPlane.BOOTSTRAP),
              plan.directory().resolve("pki/ca.crt"));
      return new LocalPools(new LocalNodes(Component.vertx(), kubelets), nodes, note);
    }
  }

  /** This command again, as other processes. */
  private record Children(int nodes, int pods, Consumer<String> note, String address)
      implements ScaleRun.Launcher {
    /** Requests under way outlive a small young generation, which would fill the old one. */
    private static final List<String> NODES = List.of("-Xms96m", "-Xmn64m");

    /**
     * A pause for all of a large heap would be seen by every node.
     *
     * @param kilobytes G1 takes what it may have
     */
    private static List<String> large(long kilobytes) {
      return List.of(
          "-XX:-UseSerialGC",
          "-XX:+UseG1GC",
          "-XX:NewSize=16m",
          "-XX:MaxNewSize=1g",
          "-Xms96m",
          "-Xmx%dk".formatted((256 << 10) + kilobytes));
    }

    @Override
    public ControlPlane controlPlane(Path directory) throws IOException {
      return new ChildControlPlane(
          OwnCommand.child(
              // What a node and a pod keep there, with half as much again.
              large(nodes * 150L + pods * 28L),
              List.of("scale", "control-plane", "--dir=" + directory, "--address=" + address)));
    }

    @Override
    public NodePools pools(
        ScalePlan plan, ScaleRun.Cluster cluster, Function<String, Future<Void>> forget) {
      var directory = plan.directory().resolve("nodes");
      return new ChildPools(plan.pools(), directory, () -> pool(plan, cluster, directory), note);
    }

    private static Process pool(ScalePlan plan, ScaleRun.Cluster cluster, Path nodes)
        throws IOException {
      return OwnCommand.child(
          plan.pods() == 0
              ? NODES
              : large((plan.nodes() * 150L + plan.pods() * 16L) / plan.pools()),
          List.of(
              "scale",
              "nodes",
              "--dir=" + nodes,
              "--block=" + cluster.block(),
              "--bootstrap-kubeconfig=" + plan.directory().resolve(LocalControlPlane.BOOTSTRAP),
              "--client-ca-file=" + plan.directory().resolve("pki/ca.crt")));
    }
  }
}
