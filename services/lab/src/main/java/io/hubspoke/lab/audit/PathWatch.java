package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Crossing;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Watches who opens connections across the untrusted segment during a measurement. The audit's own
 * probes don't belong to the route, so they are sent outside of it.
 */
final class PathWatch {
  private final Map<Wire, Long> begun = new LinkedHashMap<>();
  private final List<Wire> route;
  private final List<Wire> silent;

  private PathWatch(List<Wire> route, Collection<Wire> silent) throws Exception {
    this.route = List.copyOf(route);
    this.silent = List.copyOf(silent);
    for (var wire : this.route) {
      begun.put(wire, last(wire));
    }
    for (var wire : this.silent) {
      begun.put(wire, last(wire));
    }
  }

  /** Watches one wire. */
  static PathWatch across(Wire wire) throws Exception {
    return new PathWatch(List.of(wire), List.of());
  }

  /** Watches a way to the apiserver, and that nothing is opened towards nodes meanwhile. */
  static PathWatch toApiserver(Mesh mesh, Wire uplink) throws Exception {
    return new PathWatch(
        List.of(uplink), mesh.nodes().values().stream().map(n -> n.wire()).toList());
  }

  /** Watches a tunnel's wire, and those behind the tunnel. */
  static PathWatch through(Wire tunnel, List<Wire> behind) throws Exception {
    return new PathWatch(List.of(tunnel), behind);
  }

  /**
   * Judges what was opened since: the tunnel by these addresses alone; behind it something, by its
   * far end, and nothing by the control plane.
   *
   * @param farEnd empty where what is behind the tunnel is on the machine of its end
   */
  Verdict throughTunnel(Set<String> openers, Set<String> controlPlane, String farEnd)
      throws Exception {
    var tunnels = since(route);
    var behind = openers(since(silent));
    var past = new TreeSet<>(behind);
    past.retainAll(controlPlane);
    var evidence =
        evidence(tunnels)
            .put("openedPastTheTunnelByTheControlPlane", past.toString())
            .put("openedBehindTheTunnelBy", behind.toString());
    if (tunnels.isEmpty() || (!farEnd.isEmpty() && !behind.contains(farEnd))) {
      return new Verdict.Inconclusive("no connection was opened", evidence);
    }
    return Verdict.of(openers.containsAll(openers(tunnels)) && past.isEmpty(), evidence);
  }

  /** Judges what was opened since: all of the route by these addresses, none towards nodes. */
  Verdict openedBy(Set<String> allowed) throws Exception {
    var opened = since(route);
    var towardsNodes = since(silent);
    var evidence = evidence(opened);
    if (!silent.isEmpty()) {
      evidence.put("openedTowardsNodes", towardsNodes.size());
      if (!towardsNodes.isEmpty()) {
        evidence.put("towardsNodesBy", openers(towardsNodes).toString());
      }
    }
    if (opened.isEmpty()) {
      return new Verdict.Inconclusive("no connection was opened", evidence);
    }
    return Verdict.of(allowed.containsAll(openers(opened)) && towardsNodes.isEmpty(), evidence);
  }

  /** Returns how many connections were opened since. */
  int opened() throws Exception {
    return since(route).size();
  }

  private ObjectNode evidence(List<Crossing> opened) {
    return Checks.evidence()
        .put(
            "to",
            String.join(
                ", ",
                route.stream().map(w -> w.address().host() + ":" + w.address().port()).toList()))
        .put("connections", opened.size())
        .put("openedBy", openers(opened).toString());
  }

  private List<Crossing> since(List<Wire> wires) throws Exception {
    var found = new ArrayList<Crossing>();
    for (var wire : wires) {
      for (var crossing : Component.await(wire.crossings())) {
        if (crossing.id() > begun.get(wire)) {
          found.add(crossing);
        }
      }
    }
    return found;
  }

  private static Set<String> openers(List<Crossing> crossings) {
    var from = new TreeSet<String>();
    crossings.forEach(crossing -> from.add(crossing.from()));
    return from;
  }

  private static long last(Wire wire) throws Exception {
    return Component.await(wire.crossings()).stream().mapToLong(Crossing::id).max().orElse(0);
  }
}
