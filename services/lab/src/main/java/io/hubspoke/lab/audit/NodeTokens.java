package io.hubspoke.lab.audit;

import io.hubspoke.api.Json;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;

/**
 * Asks, as a kubelet, for tokens of service accounts: it may have them for the pods on its node
 * alone, each bound to one of them ("Admission Control", NodeRestriction).
 */
record NodeTokens(Mesh mesh, NodeWorkload own, NodeWorkload foreign) {

  void measure(Probe kubelet, RoleCheck check) throws Exception {
    // On the other node, with the service account that the node's own pod has too.
    var shared = foreign.name() + "-shared";
    Component.await(
        mesh.admin()
            .create(Resource.PODS.tree(), Workload.NAMESPACE, own.pod(shared, foreign.node(), "")));
    try {
      check.may("request a token for its pod", request(kubelet, own.name(), boundTo(own.name())));
      check.mayNot(
          "request a token for another's pod", request(kubelet, own.name(), boundTo(shared)));
      check.mayNot(
          "request a token of another's service account",
          request(kubelet, foreign.name(), boundTo(foreign.name())));
      check.mayNot("request a token for no pod", request(kubelet, own.name(), ""));
    } finally {
      new Workload(mesh).delete(shared);
    }
  }

  private Probe.Answer request(Probe kubelet, String serviceAccount, String spec) throws Exception {
    return kubelet.post(
        Nodes.server(mesh)
            + "/api/v1/namespaces/"
            + Workload.NAMESPACE
            + "/serviceaccounts/"
            + serviceAccount
            + "/token",
        """
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{%s}}"""
            .formatted(spec));
  }

  private String boundTo(String pod) throws Exception {
    var ref = Json.object().put("apiVersion", "v1").put("kind", "Pod").put("name", pod);
    ref.put("uid", new Workload(mesh).pod(pod).at("/metadata/uid").asText());
    return "\"boundObjectRef\":" + ref;
  }
}
