package io.hubspoke.lab;

import io.hubspoke.lab.cluster.LabAddress;
import io.hubspoke.lab.cluster.LabCluster;
import io.hubspoke.lab.cluster.LabKeys;
import io.hubspoke.lab.cluster.Offer;
import io.hubspoke.lab.cluster.Pulse;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.Discovery;
import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.lab.join.PublicKeyPins;
import io.hubspoke.lab.scale.LocalNodes;
import io.hubspoke.lab.scale.NodePool;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Offers room for nodes to a lab cluster until that ends. By what right they join the control
 * plane, and by what they know it, comes from flags; the cluster carries neither.
 *
 * @param nodes how many at most
 * @param directory of the nodes; null for one that is deleted in the end
 */
record LabOffer(CommandSpec spec, OfferFlags flags, int nodes, Path directory) {
  static final int NODES = 2_500;

  int run() throws Exception {
    var token = flags.token(spec);
    var pins = flags.pins(spec);
    var lab = flags.lab(spec);
    var own = flags.own(spec);
    var keys = Flag.read("--lab-keys", () -> LabKeys.read(flags.keys()));
    LabWarning.unlessLoopback(own, spec.commandLine().getErr());
    var home = directory == null ? Files.createTempDirectory("hubspoke-offer-") : directory;
    var out = spec.commandLine().getOut();
    try (var cluster = LabCluster.join(own, lab, keys)) {
      var stop = new Thread(() -> end(cluster, home), "stop");
      Runtime.getRuntime().addShutdownHook(stop);
      var offer = new Offer(cluster, nodes, pulse -> pool(pulse, own, token, pins, home));
      out.printf("waiting for the control plane of the lab at %s%n", lab);
      out.flush();
      var end =
          offer.serve(
              () -> {
                out.printf("offers the lab at %s room for %,d nodes; Ctrl-C ends it%n", lab, nodes);
                out.flush();
              });
      out.println(end);
      out.flush();
      return 0;
    } finally {
      if (directory == null) {
        DirectoryTree.delete(home);
      }
    }
  }

  private void end(LabCluster cluster, Path home) {
    cluster.close();
    try {
      if (directory == null) {
        DirectoryTree.delete(home);
      }
    } catch (IOException e) {
      System.err.println("error: while stopping: " + e.getMessage());
    }
  }

  /** The nodes have an event loop of their own: the lab's bus is not theirs to see. */
  private static NodePool pool(
      Pulse lab, LabAddress own, JoinToken token, PublicKeyPins pins, Path home)
      throws IOException {
    if (lab.block() < 0 || lab.block() >= LoopbackAddresses.LARGE_BLOCKS) {
      throw new IOException("the lab has no block " + lab.block() + " of addresses");
    }
    var vertx = Component.vertx();
    var known = discover(vertx, lab, token, pins);
    var authority = home.resolve("pki").resolve("ca.crt");
    Files.createDirectories(authority.getParent());
    AtomicFile.writePublic(authority, Pem.encode(known.authorities()));
    var bootstrap = home.resolve(LocalControlPlane.BOOTSTRAP);
    Kubeconfig.of(
            "kubernetes",
            known.cluster(),
            "tls-bootstrap-token-user",
            Kubeconfig.User.ofToken(token.value()))
        .write(bootstrap);
    return new LocalNodes(
        vertx,
        new PoolKubelets(
            new LoopbackAddresses(lab.block(), true),
            isHere(lab) ? "" : own.reachable(),
            home,
            bootstrap,
            authority));
  }

  /** Whether the apiserver is one that this machine alone can reach, as all its nodes are then. */
  private static boolean isHere(Pulse lab) throws IOException {
    return InetAddress.getByName(lab.server().getHost()).isLoopbackAddress();
  }

  private static ClusterInfo discover(Vertx vertx, Pulse lab, JoinToken token, PublicKeyPins pins)
      throws IOException {
    return new Discovery(vertx, lab.server(), token, pins, DiscoveryFlags.PATIENCE).find();
  }
}
