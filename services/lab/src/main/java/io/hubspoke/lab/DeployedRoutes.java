package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which routes can be measured between the containers of a deployment, by its kind, and why the
 * others can't.
 *
 * @param deployed what its apiserver runs with
 */
record DeployedRoutes(Meshes.Kind deployed) {
  private static final Meshes.Kind OPEN = new Meshes.Kind(Posture.OPEN, Egress.DIRECT);

  /** What each of these would take that no audit in a pod has, whatever the deployment. */
  private static final Map<String, String> NOWHERE = nowhere();

  private static Map<String, String> nowhere() {
    var why = new LinkedHashMap<String, String>();
    var endpoint =
        "kube-proxy leads to the address that the apiserver itself says it has, past any wire;"
            + " k8s-manifests/run tries it ";
    why.put("N3", endpoint + "without one");
    why.put("N4", endpoint + "with kube-proxy's account");
    why.put(
        "N5",
        "its kube-proxy would have to be ended and asked on its own node;"
            + " k8s-manifests/run looks at one that runs");
    return why;
  }

  /** Routes on a mesh of one kind, with the posture of the node that they are about. */
  record Pass(Meshes.Kind kind, List<Route> routes) {
    Pass {
      routes = List.copyOf(routes);
    }
  }

  /** Returns whether a route can be measured in some deployment. */
  static boolean somewhere(Route route) {
    return !NOWHERE.containsKey(route.id())
        && (route.mesh().posture() != Posture.VERIFIED || route.mesh().egress() == Egress.DIRECT);
  }

  /** Returns those that are measured in this one, those on one mesh together. */
  List<Pass> passes(List<? extends Route> routes) {
    var byKind = new LinkedHashMap<Meshes.Kind, List<Route>>();
    for (var route : routes) {
      if (whyNot(route).isEmpty()) {
        var kind = route.mesh().equals(OPEN) ? OPEN : deployed;
        byKind.computeIfAbsent(kind, k -> new ArrayList<>()).add(route);
      }
    }
    return byKind.entrySet().stream().map(e -> new Pass(e.getKey(), e.getValue())).toList();
  }

  /** Says why a route is not measured here; empty when it is. */
  Optional<String> whyNot(Route route) {
    var nowhere = NOWHERE.get(route.id());
    if (nowhere != null) {
      return Optional.of(nowhere);
    }
    var wanted = route.mesh();
    if (wanted.equals(deployed) || isHere(route)) {
      return Optional.empty();
    }
    if (wanted.posture() == Posture.VERIFIED && wanted.egress() != Egress.DIRECT) {
      return Optional.of("no overlay has both a tunnel and verified kubelets");
    }
    return Optional.of("overlay %s measures it".formatted(overlay(wanted)));
  }

  private boolean isHere(Route route) {
    // Whether a kubelet is open is its own flags' matter, and the audit makes its nodes.
    return route.mesh().equals(OPEN)
        && deployed.equals(new Meshes.Kind(Posture.DEFAULT, Egress.DIRECT));
  }

  private static String overlay(Meshes.Kind kind) {
    return switch (kind.egress()) {
      case DIRECT -> kind.posture() == Posture.VERIFIED ? "verified" : "direct or ha";
      case SSH -> "ssh";
      case KONNECTIVITY_GRPC -> "konnectivity";
      case KONNECTIVITY_HTTP_CONNECT -> "konnectivity-connect";
    };
  }

  /** The routes that are not measured here, by the reason. */
  Map<String, List<Route>> notMeasured() {
    var why = new LinkedHashMap<String, List<Route>>();
    for (var route : Audit.routes()) {
      whyNot(route)
          .ifPresent(reason -> why.computeIfAbsent(reason, k -> new ArrayList<>()).add(route));
    }
    return why;
  }
}
