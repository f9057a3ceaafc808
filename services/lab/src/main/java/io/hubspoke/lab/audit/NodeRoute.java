package io.hubspoke.lab.audit;

import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.runtime.Component;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * N2: a kubelet's own work with the apiserver: register, lease, status, pods ("Using Node
 * Authorization").
 */
public final class NodeRoute implements NodeToControlPlane {
  private static final String NODE = "node-1";
  private static final String OTHER = "node-2";
  private static final List<String> GROUPS = List.of("system:nodes");

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
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var interceptor = Checks.intercept(mesh, wire, new Alteration.None());
    try {
      verdicts.put(
          Property.SERVER_VERIFIED,
          Checks.serverVerified(interceptor, mesh.nodes().get(NODE).advertises()));
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      workload.ticker(canary, NODE, canary, List.of("--interval=1m"));
      var runs = workload.runs(canary);
      var lease =
          Component.await(mesh.admin().get(Resource.LEASES.tree(), "kube-node-lease", NODE));
      verdicts.put(
          Property.REACHABLE,
          Verdict.of(
              runs && Nodes.isReady(mesh, NODE),
              Checks.evidence()
                  .put("podRunning", runs)
                  .put("lease", lease.at("/spec/renewTime").asText())));
      verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh));
      verdicts.put(Property.AUTHORIZED, authorized(mesh));
      return verdicts;
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      workload.delete(canary);
    }
  }

  private static Verdict authenticated(Mesh mesh) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var user = "system:node:" + NODE;
    var refused =
        Checks.refusesStrangers(mesh, server + "/api/v1/nodes/" + NODE, user, GROUPS, evidence);
    try (var kubelet = Probe.as(Nodes.identity(mesh, NODE))) {
      var seen = Checks.seenAs(kubelet, server, user, GROUPS.getFirst(), evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }

  private static Verdict authorized(Mesh mesh) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var secret = Checks.canary();
    Component.await(
        mesh.admin()
            .create(
                Resource.SECRETS.tree(),
                "default",
                Json.parseObject(
                    """
            {"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},
             "stringData":{"of":"another node"}}"""
                        .formatted(secret)
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8))));
    try (var kubelet = Probe.as(Nodes.identity(mesh, NODE))) {
      var own = kubelet.get(server + "/api/v1/nodes/" + NODE);
      var foreignSecret = kubelet.get(server + "/api/v1/namespaces/default/secrets/" + secret);
      var otherNode =
          kubelet.patch(
              server + "/api/v1/nodes/" + OTHER + "/status",
              "{\"metadata\":{\"annotations\":{\"written\":\"by another\"}}}");
      var otherLease =
          kubelet.get(
              server + "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/" + OTHER);
      evidence
          .put("ownNode", own.status())
          .put("secretOfAnotherNode", foreignSecret.brief())
          .put("writeAnotherNode", otherNode.brief())
          .put("leaseOfAnotherNode", otherLease.brief());
      return Verdict.of(
          own.status() == 200
              && foreignSecret.status() == 403
              && otherNode.status() == 403
              && otherLease.status() == 403,
          evidence);
    } finally {
      Component.await(
          mesh.admin()
              .delete(Resource.SECRETS, "default", secret, DeleteOptions.DEFAULT)
              .otherwiseEmpty());
    }
  }
}
