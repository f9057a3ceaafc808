package io.hubspoke.lab;

import io.hubspoke.kubelet.Kubelet;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Report;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import io.hubspoke.runtime.Logging;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures routes on meshes made for the purpose, and reports. */
abstract class MeasuringCommand implements Callable<Integer> {
  static final int NODES = 3;

  @Spec private CommandSpec spec;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the report with the evidence behind every cell to a file.")
  private Path json;

  /** The routes to measure. */
  abstract List<Route> routes();

  @Override
  public Integer call() throws Exception {
    var routes = routes();
    var file = json == null ? null : ReportFile.writable(json);
    quieten();
    var started = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    var begun = System.nanoTime();
    return measure(
        routes,
        rows -> {
          var report = new Report(rows, Duration.ofNanos(System.nanoTime() - begun));
          var out = spec.commandLine().getOut();
          if (file != null) {
            var document = report.json().put("started", started.toString());
            document.set("machine", Machine.here().json());
            document
                .putObject("versions")
                .put("hubspoke", Hubspoke.VERSION)
                .put("kubernetes", Kubelet.VERSION)
                .put("java", System.getProperty("java.vm.version"));
            file.write(document);
            progress("evidence in " + json);
          }
          progress("done");
          out.println();
          report.print(out, colours());
          out.flush();
          return report.asExpected() ? 0 : 1;
        });
  }

  /** What is done with the rows, while what was measured is still there. */
  interface Reporting {
    int report(List<Row> rows) throws Exception;
  }

  /** Measures on meshes in this JVM. */
  int measure(List<Route> routes, Reporting reporting) throws Exception {
    var lab = Postures.begin(NODES, routes, this::progress);
    try {
      return reporting.report(new Audit(lab.meshes(), this::progress).run(routes));
    } finally {
      lab.stop();
    }
  }

  /**
   * Components warn of what the audit does to them on purpose, so that it takes {@code -v} to see.
   */
  private void quieten() {
    for (CommandLine line = spec.commandLine(); line != null; line = line.getParent()) {
      if (line.getParseResult() != null && line.getParseResult().hasMatchedOption("--verbose")) {
        return;
      }
    }
    Logging.level(System.getProperty("hubspoke.log", "ERROR"));
  }

  final CommandSpec spec() {
    return spec;
  }

  final void progress(String what) {
    SinceStart.tell(spec.commandLine().getErr(), what);
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
