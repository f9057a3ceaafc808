package io.hubspoke.lab;

import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The audit of chosen routes. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = {
      "Measures chosen routes between control plane and nodes on the wire, and reports.",
      "Brings up the meshes that they need; without --routes it is 'hubspoke demo'."
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
  @Option(
      names = "--routes",
      split = ",",
      paramLabel = "ID",
      description =
          "Measure these routes only, such as N1,C1v; C1 is measured under each egress, C1/ssh under"
              + " that one (default: all).")
  private List<String> ids = List.of();

  @Override
  List<Route> routes() {
    var all = Audit.routes();
    for (var id : ids) {
      if (all.stream().noneMatch(route -> isMeant(id, route))) {
        throw new ParameterException(
            spec().commandLine(),
            "--routes: no route '%s'; there are %s"
                .formatted(id, String.join(", ", all.stream().map(Route::label).toList())));
      }
    }
    return ids.isEmpty()
        ? all
        : all.stream().filter(route -> ids.stream().anyMatch(id -> isMeant(id, route))).toList();
  }

  private static boolean isMeant(String id, Route route) {
    return id.equalsIgnoreCase(route.id())
        || id.equalsIgnoreCase(route.label())
        || id.equalsIgnoreCase(route.id() + "/" + route.egress());
  }
}
