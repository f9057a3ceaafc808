package io.hubspoke.lab;

import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a mesh in the foreground. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    description = {
      "Brings up a control plane and nodes in this process, until Ctrl-C.",
      "A directory that held a lab before keeps its authority; API objects are in memory and new.",
      "With --join it runs no control plane, but nodes of a lab elsewhere, as many as that orders."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:stopped by Ctrl-C or SIGTERM, in order; --exit-when-ready was given and the mesh became"
          + " ready; or the lab of --join has ended",
      "1:it could not start, or stop in order; one line says why",
      "130:with --join, stopped by Ctrl-C (143: by SIGTERM)"
    },
    footer = {
      "",
      "Examples:",
      "  hubspoke up --nodes 3 --dir lab",
      "  kubectl --kubeconfig lab/admin.kubeconfig get nodes -o wide",
      "",
      "  hubspoke scale --nodes 1000 --lab-address 127.0.0.1   (says what to join it with)",
      "  hubspoke up --join 127.0.0.1:5801 --lab-keys lab-keys --token-file bootstrap-token \\",
      "    --discovery-token-ca-cert-hash sha256:..."
    })
final class UpCommand implements Callable<Integer> {
  private static final Duration PER_MESH = Duration.ofSeconds(60);
  private static final long MILLIS_PER_NODE = 200;
  private static final List<String> OF_A_CONTROL_PLANE =
      List.of(
          "--verify-kubelets",
          "--container-runtime-endpoint",
          "--kube-proxy",
          "--egress",
          "--exit-when-ready");

  @Spec private CommandSpec spec;

  @Option(
      names = "--nodes",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "Number of nodes (default: ${DEFAULT-VALUE}); with --join, how many at most (default:"
              + " 2500).")
  private int nodes;

  @Option(
      names = "--dir",
      defaultValue = "lab",
      paramLabel = "DIR",
      description =
          "Where certificates, keys and kubeconfig files go (default: ${DEFAULT-VALUE}; with --join,"
              + " a new one that is deleted in the end).")
  private Path directory;

  @Option(
      names = "--verify-kubelets",
      description =
          "Give kubelets serving certificates by CSR, and have the apiserver verify them with"
              + " --kubelet-certificate-authority.")
  private boolean verifyKubelets;

  @Option(
      names = "--container-runtime-endpoint",
      defaultValue = "in-process://",
      paramLabel = "ENDPOINT",
      description =
          "What runs the nodes' containers: in-process://, process://, or a CRI socket such as"
              + " unix:///run/containerd/containerd.sock (default: ${DEFAULT-VALUE}).")
  private String containerRuntimeEndpoint;

  @Option(
      names = "--kube-proxy",
      defaultValue = "daemon-set",
      paramLabel = "HOW",
      description =
          "What the nodes' kube-proxies are: daemon-set, which takes in-process containers,"
              + " host-process, or none (default: ${DEFAULT-VALUE}).")
  private String kubeProxy;

  @Option(
      names = "--egress",
      defaultValue = "direct",
      paramLabel = "HOW",
      description =
          "How the control plane reaches nodes: direct, ssh, konnectivity-grpc or"
              + " konnectivity-http-connect (default: ${DEFAULT-VALUE}).")
  private String egress;

  @Option(names = "--exit-when-ready", description = "Stop as soon as all nodes are ready.")
  private boolean exitWhenReady;

  @ArgGroup(exclusive = false, heading = "%nNodes for a lab elsewhere:%n")
  private OfferFlags offer;

  @Override
  public Integer call() throws Exception {
    if (offer != null) {
      return offer();
    }
    var options = options();
    var vertx = Component.vertx();
    Mesh mesh = null;
    try {
      mesh = Mesh.start(vertx, options);
      mesh.awaitReady(PER_MESH.plusMillis(MILLIS_PER_NODE * nodes));
    } catch (Exception e) {
      stop(vertx, mesh);
      throw e;
    }
    announce(mesh);
    if (exitWhenReady) {
      stop(vertx, mesh);
    } else {
      var running = mesh;
      Component.awaitSignal(() -> stopped(vertx, running), System.err);
    }
    return 0;
  }

  private int offer() throws Exception {
    for (var flag : OF_A_CONTROL_PLANE) {
      if (given(flag)) {
        throw new ParameterException(
            spec.commandLine(),
            flag + " is for a control plane, and with --join there is none here");
      }
    }
    return new LabOffer(
            spec,
            offer,
            given("--nodes") ? nodes : LabOffer.NODES,
            given("--dir") ? directory : null)
        .run();
  }

  private boolean given(String flag) {
    return spec.commandLine().getParseResult().hasMatchedOption(flag);
  }

  private MeshOptions options() {
    try {
      var endpoint = RuntimeEndpoint.parse(containerRuntimeEndpoint);
      return new MeshOptions(
              directory,
              nodes,
              verifyKubelets ? Posture.VERIFIED : Posture.DEFAULT,
              Changes.NONE.withKubelet(node -> node.containerRuntimeEndpoint(endpoint)))
          .with(KubeProxyMode.parse(kubeProxy))
          .with(Egress.parse(egress));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private void announce(Mesh mesh) {
    var out = spec.commandLine().getOut();
    out.printf("ready in %.3f s%n", SinceStart.seconds());
    out.printf(
        "%d %s; apiserver %s%n",
        nodes, nodes == 1 ? "node" : "nodes", Addresses.url(mesh.addresses().apiserver()));
    out.printf(
        "kubectl --kubeconfig %s get nodes -o wide%n", directory.resolve("admin.kubeconfig"));
    out.printf(
        "one more node: hubspoke token create --kubeconfig %s --print-join-command%n",
        directory.resolve("admin.kubeconfig"));
    out.flush();
  }

  private static void stop(Vertx vertx, Mesh mesh) throws Exception {
    if (mesh != null) {
      mesh.stop();
    }
    Mesh.close(vertx);
  }

  /** Stops on a thread of its own, since a mesh stops by waiting. */
  private static Future<Void> stopped(Vertx vertx, Mesh mesh) {
    Promise<Void> done = Promise.promise();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                stop(vertx, mesh);
                done.complete();
              } catch (Exception e) {
                done.fail(e);
              }
            });
    return done.future();
  }
}
