package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.Meshes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * N9: the apiserver's port is all that the control plane shows to nodes, and with Konnectivity the
 * agents'. Every port of each of its addresses is tried from a node's; what accepts is asked what
 * it is.
 */
public final class HubOnlyRoute implements NodeToControlPlane {
  private static final String NO_REQUEST = "what the port does to callers is told by N1 to N8";

  /** What the pods of a deployment's hub are called. */
  private static final String APISERVER = "apiserver";

  private final Egress egress;

  private HubOnlyRoute(Egress egress) {
    this.egress = egress;
  }

  /** Scans a control plane without tunnels. */
  public HubOnlyRoute() {
    this(Egress.DIRECT);
  }

  /** Scans one with a Konnectivity server, whose agents' port is open too (N9k). */
  public static HubOnlyRoute withKonnectivity() {
    return new HubOnlyRoute(Egress.KONNECTIVITY_HTTP_CONNECT);
  }

  @Override
  public Meshes.Kind mesh() {
    return new Meshes.Kind(posture(), egress);
  }

  @Override
  public String id() {
    return egress.isKonnectivity() ? "N9k" : "N9";
  }

  @Override
  public String title() {
    return egress.isKonnectivity()
        ? "the same, with Konnectivity"
        : "scan of the control plane from a node";
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(Property.REACHABLE, true, Property.PATH, true);
  }

  @Override
  public Map<Property, String> notApplicable() {
    return Map.of(
        Property.ENCRYPTED, NO_REQUEST,
        Property.SERVER_VERIFIED, NO_REQUEST,
        Property.CLIENT_AUTHENTICATED, NO_REQUEST,
        Property.AUTHORIZED, NO_REQUEST);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    return mesh.deployed() ? measurePods(mesh) : measureMachines(mesh);
  }

  /**
   * Of a deployment the pods of the control plane are tried, each with all its ports, from the
   * audit's, which is in the nodes' network and may go out to more ports than nodes may.
   */
  private Map<Property, Verdict> measurePods(Mesh mesh) throws Exception {
    var api = mesh.nodesUplink().address().port();
    var hub =
        egress.isKonnectivity()
            ? Set.of(api, TunnelLeg.of(mesh).wire().address().port())
            : Set.of(api);
    var pods = mesh.controlPlanePods();
    var tried = new TreeSet<>(hub);
    FilteredScan.of(pods.keySet()).values().forEach(tried::addAll);
    // A port of a connection that was just then made is none that serves.
    var open = FilteredScan.of(pods.keySet(), tried);
    var from = mesh.addresses().onSegment();
    var found = Checks.evidence().put("from", from);
    var others = Checks.evidence().put("portsTried", PortScan.PORTS * pods.size());
    var reachable = pods.containsValue(APISERVER);
    var more = new ArrayList<String>();
    for (var pod : pods.entrySet()) {
      var expected = pod.getValue().equals(APISERVER) ? hub : Set.<Integer>of();
      reachable &= open.get(pod.getKey()).containsAll(expected);
      others.put(pod.getValue() + " " + pod.getKey(), open.get(pod.getKey()).toString());
      for (var port : open.get(pod.getKey())) {
        var said = ask(mesh, pod.getKey() + ":" + port, from);
        if (expected.contains(port)) {
          found.put(pod.getKey() + ":" + port, said);
        } else {
          more.add("%s's %d (%s)".formatted(pod.getValue(), port, said));
        }
      }
    }
    var answering = open.values().stream().filter(ports -> !ports.isEmpty()).count();
    say(others, more, pods.size(), (int) answering);
    if (!more.isEmpty() && !mesh.enforcesPolicies()) {
      return Map.of(
          Property.REACHABLE,
          Verdict.of(reachable, found),
          Property.PATH,
          new Verdict.NotMeasured(
              "this cluster enforces no network policies, which are what closes "
                  + String.join(", ", more)));
    }
    return Map.of(
        Property.REACHABLE, Verdict.of(reachable, found),
        Property.PATH, nothingElse(more, others));
  }

  private Map<Property, Verdict> measureMachines(Mesh mesh) throws Exception {
    var addresses = mesh.addresses();
    var from = addresses.onSegment();
    var expected = new LinkedHashMap<String, Set<Integer>>();
    var api = Set.of(mesh.nodesUplink().address().port());
    expected.put(addresses.apiserver(), api);
    expected.put(addresses.nodesUplink(), api);
    expected.put(addresses.schedulerUplink(), api);
    expected.put(addresses.controllerManagerUplink(), api);
    expected.put(addresses.scheduler(), Set.of());
    expected.put(addresses.controllerManager(), Set.of());
    if (egress.isKonnectivity()) {
      var agents = Set.of(TunnelLeg.of(mesh).wire().address().port());
      expected.put(addresses.konnectivityServer(), agents);
      expected.put(addresses.konnectivityUplink(), agents);
    }
    var found = Checks.evidence().put("from", from);
    var others = Checks.evidence().put("portsTried", PortScan.PORTS * expected.size());
    var machines = new TreeSet<Integer>();
    var reachable = true;
    var more = new ArrayList<String>();
    for (var address : expected.entrySet()) {
      var open = new ArrayList<>(PortScan.of(address.getKey(), from));
      // A port of a connection that was just then made is none that serves.
      open.retainAll(PortScan.of(address.getKey(), from, open));
      // Ports that the machine's other programs have open at every address are open at one that
      // nothing of the mesh has, too; unless it is the mesh that has opened them there.
      var everywhere = new ArrayList<>(PortScan.of(addresses.unused(), from, open));
      everywhere.removeAll(ListeningSockets.ownPorts());
      machines.addAll(everywhere);
      open.removeAll(everywhere);
      reachable &= open.containsAll(address.getValue());
      others.put(address.getKey(), open.toString());
      for (var port : open) {
        var place = address.getKey() + ":" + port;
        var said = ask(mesh, place, from);
        if (address.getValue().contains(port)) {
          found.put(place, said);
        } else {
          more.add(place + " (" + said + ")");
        }
      }
    }
    others.put("alsoOpenAtEveryAddressOfTheMachine", machines.toString());
    say(others, more, expected.size(), found.size() - 1);
    return Map.of(
        Property.REACHABLE, Verdict.of(reachable, found),
        Property.PATH, nothingElse(more, others));
  }

  private void say(ObjectNode evidence, List<String> more, int addresses, int answered) {
    Checks.inShort(
        evidence,
        more.isEmpty()
            ? "of %d ports at %d addresses only the apiserver's%s answered, at %d of them"
                .formatted(
                    evidence.path("portsTried").asInt(),
                    addresses,
                    egress.isKonnectivity() ? " and the agents'" : "",
                    answered)
            : "also open to nodes: " + String.join(", ", more));
  }

  private static Verdict nothingElse(List<String> more, ObjectNode evidence) {
    more.forEach(evidence.putArray("more")::add);
    return Verdict.of(more.isEmpty(), evidence);
  }

  /** Asks what it is, as somebody on a node would. */
  private static String ask(Mesh mesh, String place, String from) throws InterruptedException {
    try (var probe = Probe.anonymous(mesh, from)) {
      return probe.get("https://" + place + "/healthz").brief();
    }
  }
}
