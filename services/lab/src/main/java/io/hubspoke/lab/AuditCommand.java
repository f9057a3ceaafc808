package io.hubspoke.lab;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.runtime.Component;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The audit of chosen routes. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = {
      "Measures chosen routes between control plane and nodes on the wire, and reports.",
      "Brings up the meshes that they need; without --routes it is 'hubspoke demo'.",
      "With --in-cluster it measures, in a pod, the deployment of k8s-manifests that is in its"
          + " cluster, between the containers: see k8s-manifests/audit."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every measurement is what the documents say",
      "1:one differs, or could not be made"
    },
    footer = {
      "",
      "Example:",
      "  hubspoke audit --routes C1,C1v --json report.json",
      "  hubspoke audit --routes C1/direct,C1/ssh"
    })
final class AuditCommand extends MeasuringCommand {
  @Mixin private RouteFlags flags;

  @Option(
      names = "--in-cluster",
      description = "Measure the deployment in whose cluster this runs, by its service account.")
  private boolean inCluster;

  @Option(
      names = "--control-plane-namespace",
      defaultValue = "hubspoke-control-plane",
      paramLabel = "NAMESPACE",
      description = "With --in-cluster: where the control plane is (default: ${DEFAULT-VALUE}).")
  private String controlPlane;

  @Option(
      names = "--image",
      defaultValue = "hubspoke:dev",
      paramLabel = "IMAGE",
      description =
          "With --in-cluster: what the audit's own nodes run (default: ${DEFAULT-VALUE}).")
  private String image;

  @Override
  List<Route> routes() {
    return inCluster
        ? flags.routes(spec(), DeployedRoutes::somewhere, " with --in-cluster")
        : flags.routes(spec());
  }

  @Override
  int measure(List<Route> routes, Reporting reporting) throws Exception {
    if (!inCluster) {
      return super.measure(routes, reporting);
    }
    var namespaces = new DeploymentSite.Namespaces(controlPlane, ClientConfig.inClusterNamespace());
    var vertx = Component.vertx();
    try {
      var audit = new DeploymentAudit(vertx, namespaces, image, this::progress);
      var deployed = audit.look();
      var result = reporting.report(audit.run(deployed.passes(routes)));
      var out = spec().commandLine().getOut();
      out.println("\nNot measured between these containers ('hubspoke demo' measures them):");
      deployed
          .notMeasured()
          .forEach((why, those) -> out.println("  %s: %s".formatted(names(those), why)));
      out.flush();
      return result;
    } finally {
      Mesh.close(vertx);
    }
  }

  /** Those through a tunnel are told with it once. */
  private static String names(List<Route> routes) {
    var byWay = new LinkedHashMap<String, List<String>>();
    for (var route : routes) {
      var end = route.label().indexOf('/');
      byWay
          .computeIfAbsent(
              end < 0 ? "" : " through " + route.label().substring(end + 1), w -> new ArrayList<>())
          .add(route.id());
    }
    return byWay.entrySet().stream()
        .map(way -> String.join(", ", way.getValue()) + way.getKey())
        .collect(Collectors.joining("; "));
  }
}
