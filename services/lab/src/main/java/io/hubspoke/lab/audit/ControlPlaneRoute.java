package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** N6: scheduler and controller manager to the apiserver, over its secure port. */
public final class ControlPlaneRoute implements NodeToControlPlane {
  /** One of the two: how it is reached, who it is, and what it may and may not do. */
  private record Client(
      String user, Wire wire, String address, Identity identity, String may, String mayNot) {
    String server() {
      return "https://%s:%d".formatted(wire.address().host(), wire.address().port());
    }
  }

  @Override
  public String id() {
    return "N6";
  }

  @Override
  public String title() {
    return "scheduler, controllers to apiserver";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var scheduler =
        new Client(
            "system:kube-scheduler",
            mesh.schedulerUplink(),
            mesh.addresses().scheduler(),
            mesh.schedulerIdentity(),
            "/api/v1/pods",
            "/api/v1/namespaces/kube-system/secrets");
    var controllers =
        new Client(
            "system:kube-controller-manager",
            mesh.controllerManagerUplink(),
            mesh.addresses().controllerManager(),
            mesh.controllerManagerIdentity(),
            "/api/v1/nodes",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings");
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    for (var client : List.of(scheduler, controllers)) {
      measure(mesh, client).forEach((p, v) -> verdicts.merge(p, v, (a, b) -> both(a, b)));
    }
    return verdicts;
  }

  private static Map<Property, Verdict> measure(Mesh mesh, Client client) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var canary = Checks.canary();
    var interceptor = Checks.intercept(mesh, client.wire(), new Alteration.None());
    try {
      verdicts.put(Property.SERVER_VERIFIED, Checks.serverVerified(interceptor, client.address()));
      var path = PathWatch.toApiserver(mesh, client.wire());
      var recording = Checks.tap(client.wire());
      verdicts.put(Property.REACHABLE, works(mesh, client, canary));
      verdicts.put(Property.PATH, path.openedBy(Set.of(client.address())));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(client.wire());
    } finally {
      Checks.release(client.wire());
      Component.await(interceptor.close());
    }
    var evidence = Checks.evidence();
    var refused =
        Checks.refusesStrangers(
            mesh, client.server() + client.may(), client.user(), List.of(), evidence);
    try (var probe = Probe.as(client.identity())) {
      var seen =
          Checks.seenAs(probe, client.server(), client.user(), "system:authenticated", evidence);
      verdicts.put(Property.CLIENT_AUTHENTICATED, Verdict.of(refused && seen, evidence));
      var inside = probe.get(client.server() + client.may());
      var outside = probe.post(client.server() + client.mayNot(), "{}");
      verdicts.put(
          Property.AUTHORIZED,
          Verdict.of(
              inside.status() == 200 && outside.status() == 403,
              Checks.evidence()
                  .put("GET " + client.may(), inside.status())
                  .put("POST " + client.mayNot(), outside.brief())));
    }
    return verdicts;
  }

  /** Sees the component do its work on an object that carries the canary. */
  private static Verdict works(Mesh mesh, Client client, String canary) throws Exception {
    if (client.user().equals("system:kube-scheduler")) {
      var workload = new Workload(mesh);
      workload.ticker(canary, "", canary, List.of("--interval=1m"));
      var node =
          Checks.eventually(
              Checks.PATIENCE,
              () -> workload.pod(canary).at("/spec/nodeName").asText(),
              name -> !name.isEmpty());
      workload.delete(canary);
      return Verdict.of(!node.isEmpty(), Checks.evidence().put("boundTo", node));
    }
    // The administrator approves a node's request; the controller manager signs it.
    var requests = new Requests(mesh);
    requests.approve(
        requests.create(
            Requests.forNode(canary, canary, Requests.Signer.KUBELET_CLIENT, List.of())));
    var signed = requests.signed(canary);
    requests.delete(canary);
    return Verdict.of(signed, Checks.evidence().put("signedRequest", signed));
  }

  /** Both components must hold for the row to hold; the evidence shows each. */
  private static Verdict both(Verdict scheduler, Verdict controllers) {
    var evidence = Checks.evidence();
    evidence.set("scheduler", scheduler.evidence());
    evidence.set("controllerManager", controllers.evidence());
    for (var verdict : List.of(scheduler, controllers)) {
      if (verdict instanceof Verdict.Inconclusive(var reason, var _)) {
        return new Verdict.Inconclusive(reason, evidence);
      }
    }
    return Verdict.of(
        scheduler instanceof Verdict.Holds && controllers instanceof Verdict.Holds, evidence);
  }
}
