package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * N2: a kubelet's own work with the apiserver: register, lease, status, pods ("Using Node
 * Authorization"). A node is measured that joins meanwhile, with a certificate that it has already.
 */
public final class NodeRoute implements NodeToControlPlane {
  private static final List<String> GROUPS = List.of("system:nodes");

  /** A kubelet renews four times in this time. */
  private static final Duration LEASE = Duration.ofSeconds(2);

  @Override
  public String id() {
    return "N2";
  }

  @Override
  public String title() {
    return "kubelet to apiserver";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var wire = mesh.nodesUplink();
    var canary = Checks.canary();
    var node = "node-" + canary;
    var number = mesh.nodes().size() + 1;
    var workload = new NodeWorkload(mesh, canary, node);
    var interceptor = Checks.intercept(mesh, wire, new Alteration.None());
    var joining =
        mesh.addNode(node, number, mesh.issue(NodeRole.nodeProfile(node)), NodeRoute::oftenSeen);
    try {
      verdicts.put(
          Property.SERVER_VERIFIED,
          Checks.serverVerified(interceptor, mesh.addresses().nodeAdvertises(number)));
      Component.await(joining);
      var evidence = Checks.evidence();
      var cutOff = !isRegistered(node(mesh, node));
      evidence.put("registeredWhileItsWayWasIntercepted", !cutOff);
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      verdicts.put(
          Property.REACHABLE,
          Verdict.of(works(mesh, workload, canary, evidence) && cutOff, evidence));
      verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, node));
      verdicts.put(Property.AUTHORIZED, new NodeRole(mesh, workload, "other-" + canary).measure());
      return verdicts;
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      workload.delete();
      if (joining.isComplete()) {
        mesh.removeNode(node);
      }
      deleteLease(mesh, node);
    }
  }

  private static KubeletOptions.Builder oftenSeen(KubeletOptions.Builder kubelet) {
    return kubelet.nodeLeaseDuration(LEASE);
  }

  /** Sees the kubelet do everything that it has to do with the apiserver. */
  private static boolean works(Mesh mesh, NodeWorkload workload, String canary, ObjectNode evidence)
      throws Exception {
    var node = workload.node();
    var registered =
        Checks.eventually(Checks.PATIENCE, () -> node(mesh, node), NodeRoute::isRegistered);
    evidence.put("registered", registered.at("/metadata/creationTimestamp").asText("no"));
    if (!isRegistered(registered)) {
      return false;
    }
    var first =
        Checks.eventually(Checks.PATIENCE, () -> renewTime(mesh, node), time -> !time.isEmpty());
    workload.create(canary);
    var runs = new Workload(mesh).runs(workload.name());
    var pod = new Workload(mesh).pod(workload.name());
    var advertises = mesh.nodes().get(node).advertises();
    var reported =
        Checks.eventually(Checks.PATIENCE, () -> Nodes.isReady(mesh, node), Boolean::booleanValue);
    var address = node(mesh, node).at("/status/addresses").toString();
    var renewed =
        Checks.eventually(
            Checks.PATIENCE, () -> renewTime(mesh, node), time -> !time.equals(first));
    evidence
        .put("leaseCreated", first)
        .put("leaseRenewed", renewed)
        .put("nodeReady", reported)
        .put("nodeAddresses", address)
        .put("podRunning", runs)
        .put("podStartedWithSecretAndConfigMap", runs)
        .put("podHostIP", pod.at("/status/hostIP").asText())
        .put("podIP", pod.at("/status/podIP").asText());
    return !first.isEmpty()
        && !renewed.equals(first)
        && reported
        && address.contains(advertises)
        && runs
        && pod.at("/status/hostIP").asText().equals(advertises)
        && !pod.at("/status/podIP").asText().isEmpty();
  }

  private static boolean isRegistered(JsonNode node) {
    return !node.isMissingNode();
  }

  private static JsonNode node(Mesh mesh, String name) throws Exception {
    return Component.await(
        mesh.admin()
            .get(Resource.NODES.tree(), "", name)
            .<JsonNode>map(found -> found)
            .otherwise(absent -> MissingNode.getInstance()));
  }

  /** When the node's lease was renewed last; empty while it has none. */
  private static String renewTime(Mesh mesh, String node) throws Exception {
    return Component.await(
        mesh.admin()
            .get(Resource.LEASES.tree(), "kube-node-lease", node)
            .map(lease -> lease.at("/spec/renewTime").asText())
            .otherwise(absent -> ""));
  }

  private static void deleteLease(Mesh mesh, String node) throws Exception {
    Component.await(
        mesh.admin()
            .delete(Resource.LEASES, "kube-node-lease", node, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }

  private static Verdict authenticated(Mesh mesh, String node) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var user = "system:node:" + node;
    var refused =
        Checks.refusesStrangers(mesh, server + "/api/v1/nodes/" + node, user, GROUPS, evidence);
    try (var kubelet = Probe.as(mesh, Nodes.identity(mesh, node))) {
      var seen = Checks.seenAs(kubelet, server, user, GROUPS.getFirst(), evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }
}
