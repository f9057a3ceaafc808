package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.bench.Latencies;
import java.util.List;

/**
 * What a run has shown.
 *
 * @param readySeconds from the start of the first process until the last node was ready
 * @param pods of what was planned; null without
 * @param processes the control plane, the pools, and this process, which looks on
 * @param peakMegabytes the most that all processes together were seen to have resident
 * @param holdMegabytes the most of it while it was held
 * @param joining how the apiserver answered until all nodes were ready
 * @param joinLeases how the nodes' leases were renewed until then
 * @param holding how it answered while it was held
 * @param lag from the sending of a change to a node until a watcher of all nodes saw it
 * @param leases how they were renewed while nodes were tried and while it was held
 * @param lost how often a node ceased to be ready
 * @param failed nodes that did not join, or ended
 * @param sample what was tried on some nodes
 * @param notes what happened to those who run the nodes, and what they have
 */
public record ScaleResult(
    ScalePlan plan,
    double readySeconds,
    Pods pods,
    List<ProcessCost> processes,
    long peakMegabytes,
    long holdMegabytes,
    List<RequestTimes.Percentiles> joining,
    LeaseGaps.Renewals joinLeases,
    List<RequestTimes.Percentiles> holding,
    Latencies lag,
    LeaseGaps.Renewals leases,
    int lost,
    int failed,
    Sample.Result sample,
    List<String> notes) {

  /**
   * What a process used.
   *
   * @param joinCpuSeconds until all was ready
   * @param holdCpus processors that it kept busy while it was held
   */
  public record ProcessCost(
      String name, long megabytes, long peakMegabytes, double joinCpuSeconds, double holdCpus) {}

  /**
   * How the pods fared.
   *
   * @param seconds from the first Deployment until the last one was ready
   * @param megabytes by which all processes together grew from then until they were held
   * @param requests how the apiserver answered meanwhile
   * @param leases how the nodes' leases were renewed meanwhile
   * @param lost how often one ceased to be ready
   */
  public record Pods(
      double seconds,
      long megabytes,
      List<RequestTimes.Percentiles> requests,
      LeaseGaps.Renewals leases,
      int lost) {}

  public double joinCpuSeconds() {
    return processes.stream().mapToDouble(ProcessCost::joinCpuSeconds).sum();
  }

  public double holdCpus() {
    return processes.stream().mapToDouble(ProcessCost::holdCpus).sum();
  }

  /** Returns what is seen beside other runs. */
  public ScaleCost cost() {
    return new ScaleCost(
        plan.nodes(), plan.pods(), readySeconds, holdMegabytes, joinCpuSeconds(), holdCpus());
  }

  /** Returns whether all nodes and pods came and stayed, and did on trial what they are for. */
  public boolean sound() {
    return lost == 0
        && failed == 0
        && joinLeases.expired() == 0
        && leases.expired() == 0
        && (pods == null || (pods.lost == 0 && pods.leases.expired() == 0))
        && sample.failures().isEmpty();
  }

  /** Returns it for programs to read. */
  public ObjectNode json() {
    var json =
        Json.object()
            .put("nodes", plan.nodes())
            .put("pods", plan.pods())
            .put("nodeProcesses", plan.pools())
            .put("readySeconds", readySeconds)
            .put("holdSeconds", plan.hold().toSeconds())
            .put("peakMegabytes", peakMegabytes)
            .put("holdMegabytes", holdMegabytes)
            .put("kilobytesPerNode", holdMegabytes * 1024 / plan.nodes())
            .put("joinCpuSeconds", joinCpuSeconds())
            .put("holdCpus", holdCpus())
            .put("notReady", lost)
            .put("failed", failed);
    var all = json.putArray("processes");
    for (var process : processes) {
      all.addObject()
          .put("name", process.name())
          .put("megabytes", process.megabytes())
          .put("peakMegabytes", process.peakMegabytes())
          .put("joinCpuSeconds", process.joinCpuSeconds())
          .put("holdCpus", process.holdCpus());
    }
    if (pods != null) {
      var came =
          json.put("podSeconds", pods.seconds)
              .put("podsPerSecond", plan.pods() / pods.seconds)
              .put("kilobytesPerPod", pods.megabytes * 1024.0 / plan.pods())
              .put("podsNotReady", pods.lost);
      latencies(came.putArray("requestsWhilePodsCame"), pods.requests);
      renewals(came.putObject("leasesWhilePodsCame"), pods.leases);
    }
    latencies(json.putArray("requestsWhileJoining"), joining);
    renewals(json.putObject("leasesWhileJoining"), joinLeases);
    latencies(json.putArray("requestsWhileHeld"), holding);
    percentiles(json.putObject("watchLag"), lag);
    renewals(json.putObject("leases"), leases);
    var tried = json.putObject("sample").put("nodes", plan.samples());
    tried.put("done", sample.done());
    sample.failures().forEach(tried.putArray("failures")::add);
    if (!notes.isEmpty()) {
      notes.forEach(json.putArray("members")::add);
    }
    return json;
  }

  private static void renewals(ObjectNode json, LeaseGaps.Renewals leases) {
    json.put("renewals", leases.renewals())
        .put("late", leases.late())
        .put("expired", leases.expired());
    percentiles(json.putObject("gaps"), leases.gaps());
  }

  private static void latencies(ArrayNode array, List<RequestTimes.Percentiles> requests) {
    for (var request : requests) {
      array
          .addObject()
          .put("verb", request.verb())
          .put("resource", request.resource())
          .put("count", request.count())
          .put("p50Millis", request.p50())
          .put("p90Millis", request.p90())
          .put("p99Millis", request.p99());
    }
  }

  private static void percentiles(ObjectNode json, Latencies times) {
    json.put("count", times.count());
    if (times.count() > 0) {
      json.put("p50Millis", times.percentile(0.5))
          .put("p99Millis", times.percentile(0.99))
          .put("mostMillis", times.percentile(1));
    }
  }
}
