package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.ExecRoute;
import io.hubspoke.lab.audit.LogsRoute;
import io.hubspoke.lab.audit.NodeProxyRoute;
import io.hubspoke.lab.audit.PortForwardRoute;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import java.util.List;

/** Meshes with something changed, and the rows of an audit that concern it. */
final class BrokenMesh {
  private BrokenMesh() {}

  static List<Row> measure(Changes changes, List<Route> routes) throws Exception {
    var lab = Postures.start(2, routes, changes, step -> {});
    try {
      return new Audit(lab.meshes(), step -> {}).run(routes);
    } finally {
      lab.stop();
    }
  }

  /** The rows whose far end is a kubelet. */
  static List<Route> toKubelets(Posture posture) {
    return List.of(
        new LogsRoute(posture),
        new ExecRoute(posture),
        new PortForwardRoute(posture),
        new NodeProxyRoute(posture));
  }
}
