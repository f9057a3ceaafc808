package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.Place;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The apiserver sends its requests through a tunnel, whose far end on the node connects to what is
 * asked for. Before anything is measured the direct way is cut, where no firewall does so: nobody
 * of the control plane gets to a node's address but over the tunnel.
 */
final class TunnelWay implements Way {
  private final Mesh mesh;
  private final TunnelLeg leg;
  private final Wire last;
  private final boolean inClear;
  private final Set<Wire> behind = new LinkedHashSet<>();
  private Recording recordedBehind;
  private PathWatch watch;

  private TunnelWay(Mesh mesh, Wire last, boolean inClear) {
    this.mesh = mesh;
    this.leg = TunnelLeg.of(mesh);
    this.last = last;
    this.inClear = inClear;
    mesh.nodes().values().forEach(node -> behind.add(node.wire()));
    behind.add(last);
  }

  static TunnelWay begin(Mesh mesh, Wire last, boolean inClear) throws Exception {
    var way = new TunnelWay(mesh, last, inClear);
    if (!mesh.firewalled()) {
      for (var wire : way.behind) {
        Component.await(wire.cutOff(mesh.addresses().controlPlane()));
      }
    }
    return way;
  }

  @Override
  public Recording tap() throws Exception {
    watch = PathWatch.through(leg.wire(), List.copyOf(behind));
    recordedBehind = Checks.tap(last);
    var recording = Checks.tap(leg.wire());
    leg.awaitUp();
    return recording;
  }

  @Override
  public Verdict encrypted(Recording recording, String canary) {
    var verdict = leg.encrypted(recording, canary);
    verdict
        .evidence()
        .putObject("behindTheTunnel")
        .put("bytesRecorded", recordedBehind.bytesSeen())
        .put("canaryFound", recordedBehind.find(canary).orElse("no"));
    return verdict;
  }

  @Override
  public Verdict path() throws Exception {
    var verdict =
        watch.throughTunnel(
            leg.openers(),
            mesh.addresses().controlPlane(),
            mesh.tunnelsEndOnNodes() ? "" : leg.farEnd());
    if (mesh.deployed()) {
      // Nobody there can be asked to try; the wires say whether somebody does by himself.
      return verdict;
    }
    var kubelet = mesh.nodes().get(TunnelLeg.NODE);
    try (var past = Probe.anonymous(mesh.at(Place.CONTROL_PLANE))) {
      var answer =
          past.get("https://%s:%d/healthz".formatted(kubelet.advertises(), kubelet.port()));
      verdict.evidence().put("pastTheTunnel", answer.brief());
      return answer.status() == 0 ? verdict : new Verdict.Absent(verdict.evidence());
    }
  }

  @Override
  public void release() throws Exception {
    Checks.release(last);
    Checks.release(leg.wire());
    leg.awaitUp();
  }

  @Override
  public Verdict serverVerified(List<Deception> tries, boolean expectedOnWire) throws Exception {
    var onTheLeg = leg.refusesInterceptor(tries.getFirst());
    leg.awaitUp();
    if (mesh.tunnelsEndOnNodes()) {
      return endsOnTheNode(onTheLeg, tries.getFirst());
    }
    var behindIt = new Trap(mesh, last, inClear, leg.farEnd()).set(tries);
    var evidence = onTheLeg.evidence();
    note(behindIt, evidence);
    // What the tunnel doesn't change has to be as it is without one.
    return switch (behindIt) {
      case Verdict.Holds _ when expectedOnWire -> onTheLeg;
      case Verdict.Absent _ when !expectedOnWire -> onTheLeg;
      case Verdict.NotMeasured not -> not;
      case Verdict.Inconclusive(var reason, var _) ->
          new Verdict.Inconclusive("behind the tunnel: " + reason, evidence);
      case Verdict.Holds _ ->
          new Verdict.Inconclusive("behind the tunnel the interceptor was refused", evidence);
      case Verdict.Absent _ ->
          new Verdict.Inconclusive("behind the tunnel the interceptor was believed", evidence);
    };
  }

  /** The tunnel's end and what it leads to are one machine: nobody can stand between. */
  private Verdict endsOnTheNode(Verdict onTheLeg, Deception request) throws Exception {
    var behind = PathWatch.across(last);
    var received = request.call();
    var evidence = onTheLeg.evidence();
    evidence
        .putObject("behindTheTunnel")
        .put("callerReceived", received.brief())
        .put("connectionsAcrossTheSegment", behind.opened());
    if (received.failed() || behind.opened() > 0) {
      return new Verdict.Inconclusive("behind the tunnel it is not as on one machine", evidence);
    }
    Checks.inShort(evidence, "behind the tunnel nothing crosses the segment any more");
    return onTheLeg;
  }

  /** One line says it; what was read there is among the evidence. */
  private static void note(Verdict behindIt, ObjectNode evidence) {
    var seen = behindIt.evidence();
    seen.remove(Report.IN_SHORT);
    evidence.set("behindTheTunnel", seen);
    switch (behindIt) {
      case Verdict.Holds _ -> Checks.inShort(evidence, "behind the tunnel it was refused too");
      case Verdict.Absent _ ->
          Checks.inShort(evidence, "behind the tunnel, on the node, it would read and alter all");
      case Verdict.Inconclusive _, Verdict.NotMeasured _ -> {}
    }
  }

  @Override
  public void end() throws Exception {
    for (var wire : behind) {
      Component.await(wire.cutOff(Set.of()));
    }
    release();
  }
}
