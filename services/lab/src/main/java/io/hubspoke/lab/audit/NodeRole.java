package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonPointer;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Sends what a kubelet may and may not send: by the Node authorizer it reads what pods bound to it
 * name, by NodeRestriction it writes its own node, lease and pods ("Using Node Authorization",
 * "Admission Control", NodeRestriction).
 */
final class NodeRole {
  private static final Duration VALIDITY = Duration.ofHours(1);
  private static final String NODES = "/api/v1/nodes";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String LEASES =
      "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  private static final JsonPointer BOUND_TO = JsonPointer.compile("/spec/nodeName");

  private final Mesh mesh;
  private final NodeWorkload own;
  private final NodeWorkload foreign;
  private final String server;
  private final RoleCheck check = new RoleCheck();

  /**
   * Compares two nodes.
   *
   * @param own a pod that runs on the node whose role is measured
   * @param other the name of a node that isn't there yet
   */
  NodeRole(Mesh mesh, NodeWorkload own, String other) {
    this.mesh = mesh;
    this.own = own;
    this.foreign = new NodeWorkload(mesh, other + "-pod", other);
    this.server = Nodes.server(mesh);
  }

  Verdict measure() throws Exception {
    var another = mesh.issue(nodeProfile(foreign.node()));
    try (var kubelet = Probe.as(mesh, Nodes.identity(mesh, own.node()));
        var other = Probe.as(mesh, another)) {
      registers(other);
      foreign.create("");
      readsOfItsPods(kubelet);
      new NodeTokens(mesh, own, foreign).measure(kubelet, check);
      itsNode(kubelet);
      itsLease(kubelet);
      itsPods(kubelet);
      elsewhere(kubelet);
      return check.verdict();
    } finally {
      foreign.delete();
      Component.await(
          mesh.admin()
              .delete(Resource.NODES, "", foreign.node(), DeleteOptions.DEFAULT)
              .otherwiseEmpty());
    }
  }

  /** What the certificate of a node's kubelet says. */
  static CertificateProfile nodeProfile(String node) {
    return CertificateProfile.client("system:node:" + node, List.of("system:nodes"), VALIDITY);
  }

  /** A kubelet may taint its node when it registers it, and draw nothing to itself by labels. */
  private void registers(Probe other) throws Exception {
    var name = foreign.node();
    check.mayNot(
        "register with a label of node-restriction.kubernetes.io",
        other.post(
            server + NODES,
            node(name, "{\"team.node-restriction.kubernetes.io/zone\":\"secret\"}")));
    check.mayNot(
        "register with a label of kubernetes.io",
        other.post(server + NODES, node(name, "{\"node-role.kubernetes.io/control-plane\":\"\"}")));
    check.mayNot("register another node", other.post(server + NODES, node(name + "-x", "{}")));
    check.may(
        "register itself, tainted",
        other.post(server + NODES, node(name, "{\"node.kubernetes.io/pool\":\"a\"}")));
    check.may(
        "create its lease",
        other.post(
            server + LEASES,
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"%s"},
             "spec":{"holderIdentity":"%s","leaseDurationSeconds":3600,
                     "renewTime":"%s000Z"}}"""
                .formatted(name, name, millis(Instant.now()))));
  }

  private static String node(String name, String labels) {
    return """
    {"apiVersion":"v1","kind":"Node","metadata":{"name":"%s","labels":%s},
     "spec":{"taints":[{"key":"example.com/own","effect":"NoSchedule"}]}}"""
        .formatted(name, labels);
  }

  private static String millis(Instant time) {
    return time.truncatedTo(java.time.temporal.ChronoUnit.MILLIS)
        .atOffset(java.time.ZoneOffset.UTC)
        .format(java.time.format.DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS"));
  }

  private void readsOfItsPods(Probe kubelet) throws Exception {
    for (var kind : List.of("secrets", "configmaps")) {
      var path = server + "/api/v1/namespaces/default/" + kind;
      check.may("read " + kind + " of its pod", kubelet.get(path + "/" + own.name()));
      check.mayNot("read " + kind + " of another's pod", kubelet.get(path + "/" + foreign.name()));
      check.mayNot("read " + kind + " of no pod", kubelet.get(path + "/" + own.name() + "-none"));
      check.mayNot("list " + kind, kubelet.get(path));
      check.mayNot(
          "write " + kind + " of its pod",
          kubelet.patch(path + "/" + own.name(), "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"));
    }
  }

  private void itsNode(Probe kubelet) throws Exception {
    var mine = server + NODES + "/" + own.node();
    var others = server + NODES + "/" + foreign.node();
    var note = "{\"metadata\":{\"annotations\":{\"hubspoke.io/note\":\"audit\"}}}";
    check.may("read its node", kubelet.get(mine));
    check.may("write its node's status", kubelet.patch(mine + "/status", note));
    check.may("annotate its node", kubelet.patch(mine, note));
    check.may("label its node under kubelet.kubernetes.io", label(kubelet, mine, "kubelet."));
    check.mayNot(
        "label its node under node-restriction.kubernetes.io",
        label(kubelet, mine, "node-restriction."));
    check.mayNot("label its node under another kubernetes.io", label(kubelet, mine, "audit."));
    check.mayNot(
        "taint its node",
        kubelet.patch(
            mine,
            "{\"spec\":{\"taints\":[{\"key\":\"example.com/a\",\"effect\":\"NoSchedule\"}]}}"));
    check.mayNot(
        "make its node another object's child",
        kubelet.patch(
            mine,
            """
            {"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap",
             "name":"gone","uid":"4c3cf3e4-6e0c-4ba8-8cf5-4b2c3ff6ea0a"}]}}"""));
    check.mayNot("read another node", kubelet.get(others));
    check.mayNot("list nodes", kubelet.get(server + NODES));
    check.mayNot("write another node", kubelet.patch(others, note));
    check.mayNot("write another node's status", kubelet.patch(others + "/status", note));
    check.mayNot("delete another node", kubelet.delete(others));
  }

  private static Probe.Answer label(Probe kubelet, String node, String prefix)
      throws InterruptedException {
    return kubelet.patch(
        node, "{\"metadata\":{\"labels\":{\"%skubernetes.io/audit\":\"a\"}}}".formatted(prefix));
  }

  private void itsLease(Probe kubelet) throws Exception {
    var renewed = "{\"spec\":{\"leaseDurationSeconds\":41}}";
    check.may("write its lease", kubelet.patch(server + LEASES + "/" + own.node(), renewed));
    check.mayNot("read another's lease", kubelet.get(server + LEASES + "/" + foreign.node()));
    check.mayNot(
        "write another's lease", kubelet.patch(server + LEASES + "/" + foreign.node(), renewed));
    check.mayNot("list leases", kubelet.get(server + LEASES));
  }

  private void itsPods(Probe kubelet) throws Exception {
    var mine = server + PODS + "/" + own.name();
    var others = server + PODS + "/" + foreign.name();
    var selected = server + "/api/v1/pods?fieldSelector=spec.nodeName%3D";
    var listed = check.may("list its pods", kubelet.get(selected + own.node()));
    check.holds("the list has its pods alone", hasOnly(listed, own.node()));
    check.may("read its pod", kubelet.get(mine));
    check.may(
        "write its pod's status",
        kubelet.patch(mine + "/status", "{\"status\":{\"message\":\"audit\"}}"));
    check.mayNot("list all pods", kubelet.get(server + "/api/v1/pods"));
    check.mayNot("list another's pods", kubelet.get(selected + foreign.node()));
    check.mayNot("read another's pod", kubelet.get(others));
    check.mayNot("write its pod", kubelet.patch(mine, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"));
    check.mayNot(
        "write another's pod's status",
        kubelet.patch(others + "/status", "{\"status\":{\"message\":\"audit\"}}"));
    check.mayNot(
        "evict another's pod", kubelet.post(others + "/eviction", eviction(foreign.name())));
    check.mayNot("delete another's pod", kubelet.delete(others));
    check.mayNot(
        "create a pod for itself",
        kubelet.post(server + PODS, own.pod(own.name() + "-made", own.node(), "").toString()));
    check.may("evict its pod", kubelet.post(mine + "/eviction", eviction(own.name())));
  }

  private static String eviction(String pod) {
    return """
    {"apiVersion":"policy/v1","kind":"Eviction",
     "metadata":{"name":"%s","namespace":"default"}}"""
        .formatted(pod);
  }

  private static boolean hasOnly(Probe.Answer answer, String node) {
    if (answer.status() != 200) {
      return false;
    }
    var items = Json.parse(answer.body().getBytes(UTF_8)).path("items");
    for (var pod : items) {
      if (!pod.at(BOUND_TO).asText().equals(node)) {
        return false;
      }
    }
    return !items.isEmpty();
  }

  /** What no kubelet has to do with. */
  private void elsewhere(Probe kubelet) throws Exception {
    check.mayNot("list namespaces", kubelet.get(server + "/api/v1/namespaces"));
    check.mayNot(
        "read another node's kubelet", kubelet.get(server + NODES + "/node-1/proxy/metrics"));
    check.mayNot(
        "bind a role",
        kubelet.post(
            server + "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
             "metadata":{"name":"audit-by-a-node"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                        "name":"view"},"subjects":[]}"""));
  }
}
