package io.hubspoke.lab;

import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import java.util.List;
import picocli.CommandLine.Command;

/** The audit of everything, for who sees it for the first time. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Brings up a mesh for each posture, measures every route on the wire, and prints the report.",
      "('hubspoke audit' measures chosen routes, on the meshes that they need.)"
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every measurement is what the documents say",
      "1:one differs, or could not be made"
    },
    footer = {"", "Example:", "  hubspoke demo --json report.json"})
final class DemoCommand extends MeasuringCommand {
  @Override
  List<Route> routes() {
    return Audit.routes();
  }
}
