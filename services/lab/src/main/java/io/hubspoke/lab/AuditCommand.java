package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Report;
import io.hubspoke.lab.audit.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures routes on meshes made for the purpose, and reports. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = "Measures the routes between control plane and nodes on the wire, and reports.",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every measurement is what the documents say",
      "1:one differs, or could not be made"
    },
    footer = {"", "Example:", "  hubspoke audit --routes C1,C1v --json report.json"})
class AuditCommand implements Callable<Integer> {
  private static final int NODES = 3;

  @Spec private CommandSpec spec;

  @Option(
      names = "--routes",
      split = ",",
      paramLabel = "ID",
      description = "Measure these routes only, such as N1,C1v (default: all).")
  private List<String> ids = List.of();

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the report with the evidence behind every cell to a file.")
  private Path json;

  @Override
  public Integer call() throws Exception {
    var routes = chosen();
    var begun = System.nanoTime();
    var lab = TwoPostures.start(NODES, routes, this::progress);
    try {
      var rows = new Audit(lab.meshes(), this::progress).run(routes);
      var report = new Report(rows, Duration.ofNanos(System.nanoTime() - begun));
      System.out.println();
      report.print(System.out, colours());
      System.out.flush();
      write(report);
      return report.asExpected() ? 0 : 1;
    } finally {
      lab.stop();
    }
  }

  private List<Route> chosen() {
    var all = Audit.routes();
    for (var id : ids) {
      if (all.stream().noneMatch(route -> route.id().equalsIgnoreCase(id))) {
        throw new ParameterException(
            spec.commandLine(),
            "--routes: no route '%s'; there are %s"
                .formatted(id, String.join(", ", all.stream().map(Route::id).toList())));
      }
    }
    return ids.isEmpty()
        ? all
        : all.stream()
            .filter(route -> ids.stream().anyMatch(id -> id.equalsIgnoreCase(route.id())))
            .toList();
  }

  private void write(Report report) throws IOException {
    if (json != null) {
      Files.write(json, Json.bytes(report.json()));
      progress("evidence in " + json);
    }
  }

  private void progress(String what) {
    System.err.printf("%6.1f s  %s%n", SinceStart.seconds(), what);
  }

  /** On a terminal, unless asked not to (no-color.org). */
  @SuppressWarnings("SystemConsoleNull") // never null since JDK 22
  private static boolean colours() {
    var no = System.getenv("NO_COLOR");
    return System.console() != null
        && System.console().isTerminal()
        && (no == null || no.isEmpty());
  }
}
