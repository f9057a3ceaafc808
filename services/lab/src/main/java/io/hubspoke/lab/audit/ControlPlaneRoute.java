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
  /** What both may read, and a stranger may not. */
  private static final String ANY = "/api/v1/nodes";

  /** One of the two: how it is reached, who it is, and what it may do. */
  private record Client(
      String user, Wire wire, String address, Identity identity, ControlPlaneRole role) {
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
            new SchedulerRole(mesh));
    var controllers =
        new Client(
            "system:kube-controller-manager",
            mesh.controllerManagerUplink(),
            mesh.addresses().controllerManager(),
            mesh.controllerManagerIdentity(),
            new ControllerManagerRole(mesh));
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
      verdicts.put(Property.REACHABLE, client.role().works(canary));
      verdicts.put(Property.PATH, path.openedBy(Set.of(client.address())));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(client.wire());
    } finally {
      Checks.release(client.wire());
      Component.await(interceptor.close());
    }
    var evidence = Checks.evidence();
    var refused =
        Checks.refusesStrangers(mesh, client.server() + ANY, client.user(), List.of(), evidence);
    try (var probe = Probe.as(mesh, client.identity())) {
      var seen =
          Checks.seenAs(probe, client.server(), client.user(), "system:authenticated", evidence);
      verdicts.put(Property.CLIENT_AUTHENTICATED, Verdict.of(refused && seen, evidence));
      verdicts.put(Property.AUTHORIZED, client.role().authorized(probe, client.server()));
    }
    return verdicts;
  }

  /** Both components must hold for the row to hold; the evidence shows each. */
  private static Verdict both(Verdict scheduler, Verdict controllers) {
    var evidence = Checks.evidence();
    evidence.set("scheduler", scheduler.evidence());
    evidence.set("controllerManager", controllers.evidence());
    for (var verdict : List.of(scheduler, controllers)) {
      verdict.evidence().path(Report.IN_SHORT).forEach(l -> Checks.inShort(evidence, l.asText()));
      if (verdict instanceof Verdict.Inconclusive(var reason, var _)) {
        return new Verdict.Inconclusive(reason, evidence);
      }
    }
    return Verdict.of(
        scheduler instanceof Verdict.Holds && controllers instanceof Verdict.Holds, evidence);
  }
}
