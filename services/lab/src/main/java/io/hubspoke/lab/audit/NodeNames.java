package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.audit.Requests.Signer;
import java.util.List;

/** Tries to get, as one node, certificates with names that aren't its own. */
final class NodeNames {
  private static final String VICTIM = "node-1";

  private NodeNames() {}

  /** Returns whether each of the node's requests for a foreign name was denied; notes how. */
  static boolean refused(Mesh mesh, String node, Signer signer, ObjectNode evidence)
      throws Exception {
    return switch (signer) {
      case KUBELET_CLIENT ->
          refused(mesh, node, "clientCertificateOf " + VICTIM, VICTIM, signer, List.of(), evidence);
      case KUBELET_SERVING -> {
        var other = "node-other";
        var named =
            refused(
                mesh,
                node,
                "servingCertificateOf " + other,
                other,
                signer,
                List.of(other),
                evidence);
        var foreign = mesh.addresses().apiserver();
        yield refused(
                mesh,
                node,
                "servingCertificateWith " + foreign,
                node,
                signer,
                List.of(node, foreign),
                evidence)
            && named;
      }
    };
  }

  private static boolean refused(
      Mesh mesh,
      String node,
      String what,
      String name,
      Signer signer,
      List<String> altNames,
      ObjectNode evidence)
      throws Exception {
    var requests = new Requests(mesh);
    var request = Requests.forNode(Checks.canary(), name, signer, altNames);
    try (var probe = Probe.as(mesh, Nodes.identity(mesh, node))) {
      var answer = probe.post(Nodes.server(mesh) + Requests.PATH, request.toString());
      if (answer.status() != 201) {
        evidence.put(what, answer.brief());
        return answer.status() == 403;
      }
      var decided =
          Checks.eventually(
              Checks.PATIENCE,
              () -> requests.get(Requests.name(request)),
              seen -> Requests.isRefused(seen) || Requests.isSigned(seen));
      evidence.put(what, Requests.decision(decided));
      return Requests.isRefused(decided);
    } finally {
      requests.delete(Requests.name(request));
    }
  }
}
