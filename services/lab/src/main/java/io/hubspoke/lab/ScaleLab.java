package io.hubspoke.lab;

import io.hubspoke.lab.cluster.LabAddress;
import io.hubspoke.lab.cluster.LabCluster;
import io.hubspoke.lab.cluster.LabKeys;
import io.hubspoke.lab.cluster.LabNodes;
import io.hubspoke.lab.cluster.Pulse;
import io.hubspoke.lab.join.PublicKeyPins;
import io.hubspoke.lab.scale.ControlPlane;
import io.hubspoke.lab.scale.NodePools;
import io.hubspoke.lab.scale.ScalePlan;
import io.hubspoke.lab.scale.ScaleRun;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Runs the nodes of a run over the members of a lab cluster, which this process begins. */
final class ScaleLab implements ScaleRun.Launcher, AutoCloseable {
  private final LabCluster cluster;
  private final LabAddress address;
  private final Path keys;
  private final ScaleRun.Launcher children;
  private final int least;
  private final Consumer<String> note;

  /** Takes over a cluster that has begun. */
  ScaleLab(
      LabCluster cluster,
      LabAddress address,
      Path keys,
      int least,
      ScaleRun.Launcher children,
      Consumer<String> note) {
    this.cluster = cluster;
    this.address = address;
    this.keys = keys;
    this.least = least;
    this.children = children;
    this.note = note;
  }

  /**
   * Begins a lab cluster.
   *
   * @param keys where its keys are; they are made if they are not there
   * @param least how many members are waited for
   * @param children starts the control plane
   * @param note told what happens to members
   */
  static ScaleLab begin(
      LabAddress address, Path keys, int least, ScaleRun.Launcher children, Consumer<String> note)
      throws IOException {
    var known = Flag.read("--lab-keys", () -> LabKeys.obtain(keys));
    var cluster = LabCluster.begin(address, known);
    var begun = new LabAddress(address.host(), cluster.port());
    return new ScaleLab(cluster, begun, keys, least, children, note);
  }

  @Override
  public ControlPlane controlPlane(Path directory) throws IOException {
    return children.controlPlane(directory);
  }

  @Override
  public NodePools pools(
      ScalePlan plan, ScaleRun.Cluster lab, Function<String, Future<Void>> forget)
      throws IOException {
    var join = join(plan.directory());
    note.accept("others offer room by: hubspoke " + String.join(" ", join));
    return new LabNodes(
        cluster,
        new Pulse(cluster.id(), lab.server(), lab.block(), false),
        new LabNodes.Wanted(plan.pools(), least, plan.directory().resolve("members")),
        directory -> {
          var arguments = new ArrayList<>(join);
          arguments.add("--dir=" + directory);
          return OwnCommand.start(arguments);
        },
        forget,
        note);
  }

  private List<String> join(Path directory) throws IOException {
    var authority = Pem.readCertificates(directory.resolve("pki").resolve("ca.crt"));
    return List.of(
        "up",
        "--join=" + address,
        "--lab-keys=" + keys,
        "--token-file=" + directory.resolve(LocalControlPlane.TOKEN),
        "--discovery-token-ca-cert-hash=" + PublicKeyPins.of(authority.getFirst()));
  }

  @Override
  public void close() {
    cluster.close();
  }
}
