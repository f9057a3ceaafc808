package io.hubspoke.lab.audit;

import static java.util.stream.Collectors.toSet;

import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Set;

/** What measurements read of nodes. */
final class Nodes {
  private Nodes() {}

  /** The apiserver's URL as nodes have it. */
  static String server(Mesh mesh) {
    return "https://%s:%d"
        .formatted(mesh.nodesUplink().address().host(), mesh.nodesUplink().address().port());
  }

  /** The identity that a node's kubelet got for itself; one like it where nobody else has that. */
  static Identity identity(Mesh mesh, String node) throws IOException {
    var kubeconfig = mesh.nodeDirectory(node).resolve("kubelet.kubeconfig");
    if (mesh.deployed() && !Files.exists(kubeconfig)) {
      return mesh.issue(NodeRole.nodeProfile(node));
    }
    return Kubeconfig.read(kubeconfig)
        .user()
        .identity()
        .orElseThrow(() -> new IOException("node " + node + " has no client certificate yet"));
  }

  /** What nodes advertise, which is where they call from too. */
  static Set<String> addresses(Mesh mesh) {
    return mesh.nodes().values().stream().map(Mesh.MeshNode::advertises).collect(toSet());
  }

  /** Whether the API says that the node is Ready. */
  static boolean isReady(Mesh mesh, String node) throws Exception {
    var found =
        Component.await(mesh.admin().get(Resource.NODES.tree(), "", node).otherwise(e -> null));
    if (found == null) {
      return false;
    }
    for (var condition : found.at("/status/conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText().equals("True");
      }
    }
    return false;
  }
}
