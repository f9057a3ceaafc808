package io.hubspoke.lab;

import io.hubspoke.lab.audit.Route;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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
  @Mixin private RouteFlags flags;

  @Override
  List<Route> routes() {
    return flags.routes(spec());
  }
}
