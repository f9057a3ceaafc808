package io.hubspoke.lab;

import io.hubspoke.lab.scale.HeapPace;
import io.hubspoke.lab.scale.LocalNodes;
import io.hubspoke.lab.scale.PoolServer;
import io.hubspoke.runtime.Component;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A pool of nodes of {@code hubspoke scale}, in a process of its own, until its input ends. */
@Command(
    name = "nodes",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Runs the kubelets that its input orders, until that ends.",
    footer = {
      "",
      "Example:",
      "  hubspoke scale nodes --dir nodes --block 0 --bootstrap-kubeconfig FILE --client-ca-file FILE"
    })
final class ScaleNodesCommand implements Callable<Integer> {
  /** How far the heap may grow before it is collected: a pause keeps thousands of nodes waiting. */
  private static final double HEAP_GROWTH = 0.3;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "Where each node has a directory.")
  private Path directory;

  @Option(
      names = "--block",
      required = true,
      paramLabel = "N",
      description = "Which block of loopback addresses the lab has.")
  private int block;

  @Option(
      names = "--bootstrap-kubeconfig",
      required = true,
      paramLabel = "FILE",
      description = "What nodes ask for their certificates with.")
  private Path bootstrapKubeconfig;

  @Option(
      names = "--client-ca-file",
      required = true,
      paramLabel = "FILE",
      description = "Who vouches for callers of kubelets.")
  private Path clientCaFile;

  @Override
  public Integer call() throws Exception {
    HeapPace.keep(HEAP_GROWTH);
    var kubelets =
        new PoolKubelets(
            new LoopbackAddresses(block, true), directory, bootstrapKubeconfig, clientCaFile);
    var pool = new LocalNodes(Component.vertx(), kubelets);
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    // Its nodes, which keep nothing for another run, end with the process.
    new PoolServer(pool, System.out).serve(orders);
    return 0;
  }
}
