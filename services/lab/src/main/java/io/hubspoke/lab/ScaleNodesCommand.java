package io.hubspoke.lab;

import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.images.ApiClientImage;
import io.hubspoke.lab.scale.LocalNodes;
import io.hubspoke.lab.scale.PoolServer;
import io.hubspoke.runtime.Component;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
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
    var addresses = new LoopbackAddresses(block, true);
    var vertx = Component.vertx();
    var pool = new LocalNodes(vertx, n -> kubelet(addresses, n));
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    // Its nodes, which keep nothing for another run, end with the process.
    new PoolServer(pool, System.out).serve(orders);
    return 0;
  }

  private KubeletOptions kubelet(Addresses addresses, int n) {
    var name = name(n);
    return KubeletOptions.node(name, addresses.nodeAdvertises(n), directory.resolve(name))
        .port(Addresses.KUBELET_PORT)
        .bootstrapKubeconfig(bootstrapKubeconfig)
        .clientCaFile(clientCaFile)
        .anonymousAuth(false)
        .server(server -> server.tokenWebhook(true))
        .authorizationMode(AuthorizationMode.WEBHOOK)
        .podCidr(addresses.podCidr(n))
        .inProcessImages(List.of(ApiClientImage.of(UnaryOperator.identity())))
        .build();
  }

  /** The name of the n-th node. */
  static String name(int n) {
    return "node-" + n;
  }
}
