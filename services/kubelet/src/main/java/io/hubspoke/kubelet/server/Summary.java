package io.hubspoke.kubelet.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.server.PodUsages.ContainerUsage;
import io.hubspoke.kubelet.server.PodUsages.PodUsage;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Serves {@code /stats/summary} ({@code stats/v1alpha1}): what the node and its pods use. Fields
 * that nothing here measures are absent; all of them are optional.
 */
final class Summary {
  private static final String NODE = "";

  private final NodeState node;
  private final PodUsages usages;
  private final CpuRates rates = new CpuRates();

  Summary(NodeState node) {
    this.node = node;
    this.usages = new PodUsages(node.runtime(), node.pods());
  }

  void serve(Exchange exchange) {
    String only = exchange.query("only_cpu_and_memory");
    boolean resourcesOnly = only.equals("true") || only.equals("1");
    usages
        .all()
        .onSuccess(pods -> exchange.json(summary(pods, resourcesOnly).toPrettyString()))
        .onFailure(e -> exchange.refuse(500, "cannot tell what containers use\n"));
  }

  private ObjectNode summary(List<PodUsage> pods, boolean resourcesOnly) {
    ObjectNode summary = Json.object();
    Set<String> seen = new HashSet<>(Set.of(NODE));
    node(summary.putObject("node"), resourcesOnly);
    var list = summary.putArray("pods");
    pods.forEach(pod -> pod(list.addObject(), pod, seen));
    rates.keep(seen);
    return summary;
  }

  private void node(ObjectNode json, boolean resourcesOnly) {
    json.put("nodeName", node.name());
    Optional<NodeUsage> machine = NodeUsage.read();
    machine.ifPresent(
        usage -> {
          json.put("startTime", time(usage.startedAt()));
          cpu(json, NODE, usage.at(), usage.cpuNanos());
          json.putObject("memory")
              .put("time", time(usage.at()))
              .put("availableBytes", usage.memoryTotal() - usage.workingSet())
              .put("usageBytes", usage.memoryUsed())
              .put("workingSetBytes", usage.workingSet());
        });
    if (!resourcesOnly) {
      try {
        FileStore store = Files.getFileStore(node.rootDir());
        json.putObject("fs")
            .put("time", time(Instant.now()))
            .put("availableBytes", store.getUsableSpace())
            .put("capacityBytes", store.getTotalSpace())
            .put("usedBytes", store.getTotalSpace() - store.getUnallocatedSpace());
      } catch (IOException e) {
        json.remove("fs");
      }
    }
  }

  private void pod(ObjectNode json, PodUsage pod, Set<String> seen) {
    var metadata = pod.pod().pod().getMetadata();
    json.putObject("podRef")
        .put("name", pod.name())
        .put("namespace", pod.namespace())
        .put("uid", metadata.getUid());
    pod.containers().stream()
        .map(container -> container.running().container().startedAt())
        .min(Instant::compareTo)
        .ifPresent(first -> json.put("startTime", time(first)));
    var containers = json.putArray("containers");
    for (ContainerUsage container : pod.containers()) {
      ObjectNode one = containers.addObject().put("name", container.running().name());
      one.put("startTime", time(container.running().container().startedAt()));
      String id = container.running().container().id();
      seen.add(id);
      container.usage().ifPresent(usage -> resources(one, id, usage));
    }
    String uid = "pod " + metadata.getUid();
    seen.add(uid);
    pod.sum().ifPresent(usage -> resources(json, uid, usage));
  }

  private void resources(ObjectNode json, String name, ContainerRuntime.Usage usage) {
    cpu(json, name, usage.at(), usage.cpuNanos());
    json.putObject("memory")
        .put("time", time(usage.at()))
        .put("workingSetBytes", usage.memoryBytes());
  }

  private void cpu(ObjectNode json, String name, Instant at, long cpuNanos) {
    ObjectNode cpu = json.putObject("cpu").put("time", time(at));
    OptionalLong rate = rates.see(name, at, cpuNanos);
    rate.ifPresent(nanocores -> cpu.put("usageNanoCores", nanocores));
    cpu.put("usageCoreNanoSeconds", cpuNanos);
  }

  private static String time(Instant instant) {
    return DateTimeFormatter.ISO_INSTANT.format(instant.truncatedTo(ChronoUnit.SECONDS));
  }
}
