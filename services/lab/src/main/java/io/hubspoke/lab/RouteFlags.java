package io.hubspoke.lab;

import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which routes to measure. */
final class RouteFlags {
  @Option(
      names = "--routes",
      split = ",",
      paramLabel = "ID",
      description =
          "Measure these routes only, such as N1,C1v; C1 is measured under each egress, C1/ssh under"
              + " that one (default: all).")
  private List<String> ids = List.of();

  /** Returns those that are named, or all; throws ParameterException for one that isn't there. */
  List<Route> routes(CommandSpec spec) {
    return routes(spec, route -> true, "");
  }

  /**
   * Returns those of some that are named, or all of them.
   *
   * @param where only these are measured, for the message
   */
  List<Route> routes(CommandSpec spec, Predicate<Route> measured, String where) {
    var all = Audit.routes().stream().filter(measured).toList();
    for (var id : ids) {
      if (all.stream().noneMatch(route -> isMeant(id, route))) {
        throw new ParameterException(
            spec.commandLine(),
            "--routes: no route '%s'%s; there are %s"
                .formatted(id, where, String.join(", ", all.stream().map(Route::label).toList())));
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
