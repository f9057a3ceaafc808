package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/**
 * What the controller manager does, and what its roles let it do ("system:kube-controller-manager"
 * and those of its controllers).
 */
final class ControllerManagerRole implements ControlPlaneRole {
  private static final String RBAC = "rbac.authorization.k8s.io/v1";
  private static final Resource<ObjectNode> CLUSTER_ROLE_BINDINGS =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterrolebindings", Object.class)
          .tree();

  private final Mesh mesh;

  ControllerManagerRole(Mesh mesh) {
    this.mesh = mesh;
  }

  /** Sees it approve and sign a node's certificate, and look after a namespace. */
  @Override
  public Verdict works(String canary) throws Exception {
    var requests = new Requests(mesh);
    try {
      // The administrator may have any node's certificate, so that this one needs no approval.
      requests.create(Requests.forNode(canary, canary, Requests.Signer.KUBELET_CLIENT, List.of()));
      create(Resource.NAMESPACES.tree(), "v1", "Namespace", canary, "");
      var published =
          Checks.eventually(Checks.PATIENCE, () -> rootCa(canary), Boolean::booleanValue);
      delete(Resource.NAMESPACES.tree(), canary);
      var signed = requests.signed(canary);
      var ended = Checks.eventually(Checks.PATIENCE, () -> isGone(canary), Boolean::booleanValue);
      return Verdict.of(
          signed && published && ended,
          Checks.evidence()
              .put("approvedAndSigned", signed)
              .put("publishedRootCa", published)
              .put("finalizedNamespace", ended));
    } finally {
      requests.delete(canary);
    }
  }

  private boolean rootCa(String namespace) throws Exception {
    return Component.await(
        mesh.admin()
            .get(Resource.CONFIG_MAPS.tree(), namespace, "kube-root-ca.crt")
            .map(map -> map.at("/data/ca.crt").asText().contains("BEGIN CERTIFICATE"))
            .otherwise(false));
  }

  private boolean isGone(String namespace) throws Exception {
    return Component.await(
            mesh.admin()
                .get(Resource.NAMESPACES.tree(), "", namespace)
                .<JsonNode>map(found -> found)
                .otherwise(absent -> MissingNode.getInstance()))
        .isMissingNode();
  }

  @Override
  public Verdict authorized(Probe manager, String server) throws Exception {
    var check = new RoleCheck();
    var canary = Checks.canary();
    try {
      reads(check, manager, server);
      certificates(check, manager, server, canary);
      create(
          CLUSTER_ROLE_BINDINGS,
          RBAC,
          "ClusterRoleBinding",
          canary,
          """
          "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                     "name":"cluster-admin"},"subjects":[]""");
      confined(check, manager, server, canary);
      return check.verdict();
    } finally {
      var requests = new Requests(mesh);
      for (var signer : List.of("kubelet-serving", "kube-apiserver-client", "example")) {
        requests.delete(canary + "-" + signer);
      }
      delete(CLUSTER_ROLE_BINDINGS, canary);
      Component.await(
          mesh.admin()
              .delete(Resource.LEASES, "kube-system", canary, DeleteOptions.DEFAULT)
              .<Void>mapEmpty()
              .otherwiseEmpty());
    }
  }

  /** The garbage collector and the quota controller read everything, so the role does too. */
  private void reads(RoleCheck check, Probe manager, String server) throws Exception {
    check.may("list nodes", manager.get(server + "/api/v1/nodes"));
    check.may("list secrets", manager.get(server + "/api/v1/secrets"));
    check.may("list role bindings", manager.get(server + BINDINGS));
    check.may(
        "annotate a node",
        manager.patch(
            server + "/api/v1/nodes/node-1",
            "{\"metadata\":{\"annotations\":{\"hubspoke.io/note\":\"audit\"}}}"));
  }

  /** It signs for Kubernetes' signers, approves for kubelets alone, and speaks for nobody else. */
  private void certificates(RoleCheck check, Probe manager, String server, String canary)
      throws Exception {
    var requests = new Requests(mesh);
    var serving =
        requests.create(
            Requests.forNode(
                canary + "-kubelet-serving",
                canary,
                Requests.Signer.KUBELET_SERVING,
                List.of(canary)));
    check.may(
        "approve a kubelet's serving certificate",
        manager.put(url(server, serving, "approval"), with(serving, "Approved")));
    var client = requests.create(request(canary, "kube-apiserver-client", "kubernetes.io/"));
    check.mayNot(
        "approve a user's client certificate",
        manager.put(url(server, client, "approval"), with(client, "Approved")));
    check.may(
        "fail a user's client certificate",
        manager.put(url(server, client, "status"), with(client, "Failed")));
    var example = requests.create(request(canary, "example", "example.com/"));
    check.mayNot(
        "approve for a signer of another domain",
        manager.put(url(server, example, "approval"), with(example, "Approved")));
    check.mayNot(
        "sign for a signer of another domain",
        manager.put(url(server, example, "status"), with(example, "Failed")));
  }

  private static ObjectNode request(String canary, String signer, String domain) {
    var request =
        Requests.forNode(canary + "-" + signer, canary, Requests.Signer.KUBELET_CLIENT, List.of());
    request.withObject("/spec").put("signerName", domain + signer);
    return request;
  }

  private static String url(String server, ObjectNode request, String subresource) {
    return server + Requests.PATH + "/" + Requests.name(request) + "/" + subresource;
  }

  private static String with(ObjectNode request, String condition) {
    var changed = request.deepCopy();
    changed
        .withObject("/status")
        .withArray("conditions")
        .addObject()
        .put("type", condition)
        .put("status", "True")
        .put("reason", "Audit")
        .put("message", "sent by the route audit");
    return changed.toString();
  }

  /** It may write any object that a garbage collector meets, but no right that it hasn't. */
  private void confined(RoleCheck check, Probe manager, String server, String canary)
      throws Exception {
    check.may("create a lease", manager.post(server + LEASES, lease(canary)));
    check.mayNot(
        "become an administrator",
        manager.patch(
            server + BINDINGS + "/" + canary,
            """
            {"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User",
                          "name":"system:kube-controller-manager"}]}"""));
    check.mayNot("create roles", manager.post(server + ROLES, "{}"));
    check.mayNot("bind roles", manager.post(server + BINDINGS, "{}"));
    check.mayNot("create nodes", manager.post(server + "/api/v1/nodes", "{}"));
    check.mayNot("ask for certificates", manager.post(server + Requests.PATH, "{}"));
    check.mayNot(
        "run commands in pods",
        manager.post(
            server + "/api/v1/namespaces/default/pods/" + canary + "/exec?command=true", ""));
    check.mayNot(
        "speak in another's name",
        manager.getAs(server + "/api/v1/nodes", "system:kube-scheduler"));
  }

  private void create(
      Resource<ObjectNode> resource, String apiVersion, String kind, String name, String rest)
      throws Exception {
    var object =
        """
        {"apiVersion":"%s","kind":"%s","metadata":{"name":"%s"}%s}"""
            .formatted(apiVersion, kind, name, rest.isEmpty() ? "" : "," + rest);
    Component.await(mesh.admin().create(resource, "", Json.parseObject(object.getBytes(UTF_8))));
  }

  private void delete(Resource<ObjectNode> resource, String name) throws Exception {
    Component.await(
        mesh.admin()
            .delete(resource, "", name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
