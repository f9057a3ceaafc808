package io.hubspoke.lab.scale;

import java.io.PrintWriter;
import java.util.List;

/** Tells people what runs have shown. */
public final class ScaleSummary {
  private static final int MOST_KINDS = 12;

  private ScaleSummary() {}

  /** Prints one run. */
  public static void print(ScaleResult run, PrintWriter out) {
    var plan = run.plan();
    out.printf("%n%,d nodes ready in %.1f s", plan.nodes(), run.readySeconds());
    if (plan.pods() > 0) {
      out.printf(", %,d pods in %.1f s more", plan.pods(), run.pods().seconds());
    }
    out.printf(
        "; %,d MB resident in all, %,d KB a node (peak %,d MB)%n",
        run.holdMegabytes(), run.holdMegabytes() * 1024 / plan.nodes(), run.peakMegabytes());
    out.printf(
        "%n%-24s %10s %10s %14s %12s%n", "process", "MB", "peak MB", "CPU s to ready", "CPUs held");
    for (var process : run.processes()) {
      out.printf(
          "%-24s %,10d %,10d %14.1f %12.2f%n",
          process.name(),
          process.megabytes(),
          process.peakMegabytes(),
          process.joinCpuSeconds(),
          process.holdCpus());
    }
    run.notes().forEach(note -> out.println("  " + note));
    requests("requests until nodes were ready", run.joining(), out);
    out.println();
    leases("until nodes were ready", run.joinLeases(), out);
    if (run.pods() != null) {
      pods(plan.pods(), run.pods(), out);
    }
    requests("requests while held", run.holding(), out);
    out.printf(
        "%nwatch lag: p50 %.1f ms, p99 %.1f ms, most %.1f ms, of %,d changes to a node%n",
        run.lag().percentile(0.5),
        run.lag().percentile(0.99),
        run.lag().percentile(1),
        run.lag().count());
    leases("while tried and held", run.leases(), out);
    out.printf("nodes: %,d failed, %,d times one ceased to be ready%n", run.failed(), run.lost());
    out.printf(
        "sample: %d trials on %d nodes (a pod, its log, exec, the node's rights)%s, %d failed%n",
        run.sample().done(),
        plan.samples(),
        run.pods() == null ? "" : " and as many pods (log, exec, the token)",
        run.sample().failures().size());
    run.sample().failures().forEach(failure -> out.println("  " + failure));
    out.flush();
  }

  private static void pods(int count, ScaleResult.Pods pods, PrintWriter out) {
    requests("requests while pods came", pods.requests(), out);
    out.printf(
        "%npods: %,.0f a second, %.1f KB each in all processes; %,d times one ceased to be ready%n",
        count / pods.seconds(), pods.megabytes() * 1024.0 / count, pods.lost());
    leases("while pods came", pods.leases(), out);
  }

  private static void leases(String when, LeaseGaps.Renewals leases, PrintWriter out) {
    out.printf("leases: %,d renewals %s", leases.renewals(), when);
    if (leases.renewals() > 0) {
      out.printf(
          ", p50 %.2f s apart, p99 %.2f s, most %.2f s",
          leases.gaps().percentile(0.5) / 1000,
          leases.gaps().percentile(0.99) / 1000,
          leases.gaps().percentile(1) / 1000);
    }
    out.printf("; %,d late (15 s), %,d expired (40 s)%n", leases.late(), leases.expired());
  }

  private static void requests(
      String title, List<RequestTimes.Percentiles> requests, PrintWriter out) {
    out.printf("%n%-44s %12s %10s %10s %10s%n", title, "count", "p50 ms", "p90 ms", "p99 ms");
    requests.stream()
        .limit(MOST_KINDS)
        .forEach(
            request ->
                out.printf(
                    "%-8s %-35s %,12d %10.1f %10.1f %10.1f%n",
                    request.verb(),
                    request.resource(),
                    request.count(),
                    request.p50(),
                    request.p90(),
                    request.p99()));
  }

  /** Prints several runs beside each other. */
  public static void compare(List<ScaleCost> runs, PrintWriter out) {
    out.printf(
        "%n%10s %8s %10s %12s %10s %14s %12s %12s%n",
        "nodes", "pods", "ready s", "ms a node", "MB", "KB a node", "CPU s join", "CPUs held");
    for (var run : runs) {
      out.printf(
          "%,10d %,8d %10.1f %12.1f %,10d %,14d %12.1f %12.2f%n",
          run.nodes(),
          run.pods(),
          run.readySeconds(),
          run.readySeconds() * 1000 / run.nodes(),
          run.megabytes(),
          run.megabytes() * 1024 / run.nodes(),
          run.joinCpuSeconds(),
          run.holdCpus());
    }
    out.flush();
  }
}
