package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.server.PodUsages.ContainerUsage;
import io.hubspoke.kubelet.server.PodUsages.PodUsage;
import io.hubspoke.runtime.Exposition;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Serves {@code /metrics} and what is under it: of the kubelet itself, of resources as
 * metrics-server reads them, and those of cAdvisor's that the runtime can tell. Names, types and
 * labels are the real one's; what is not measured is left out.
 */
final class Metrics {
  private static final String CPU = "container_cpu_usage_seconds_total";
  private static final String MEMORY = "container_memory_working_set_bytes";
  private static final String START = "container_start_time_seconds";

  private static final String CLIENT_TTL = "kubelet_certificate_manager_client_ttl_seconds";
  private static final String CLIENT_ERRORS =
      "kubelet_certificate_manager_client_expiration_renew_errors";
  private static final String SERVER_TTL = "kubelet_certificate_manager_server_ttl_seconds";
  private static final String SERVER_ERRORS = "kubelet_server_expiration_renew_errors";

  private final NodeState node;
  private final PodUsages usages;

  Metrics(NodeState node) {
    this.node = node;
    this.usages = new PodUsages(node.runtime(), node.pods());
  }

  /** Answers with gauges of the kubelet. */
  void kubelet(Exchange exchange) {
    long running = 0;
    long containers = 0;
    for (NodePod pod : node.pods().all()) {
      int count = pod.running().size();
      containers += count;
      running += count > 0 ? 1 : 0;
    }
    Exposition text =
        new Exposition()
            .family("kubelet_node_name", "gauge", "The node's name. The count is always 1.")
            .family(
                "kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox")
            .family(
                CLIENT_TTL, "gauge", "Seconds until the client certificate ends, +Inf without one")
            .family(CLIENT_ERRORS, "counter", "Renewals of the client certificate that failed")
            .family(
                SERVER_TTL, "gauge", "Seconds until the serving certificate ends, +Inf without one")
            .family(SERVER_ERRORS, "counter", "Renewals of the serving certificate that failed")
            .family("kubelet_running_containers", "gauge", "Number of containers currently running")
            .family(
                "process_start_time_seconds",
                "gauge",
                "Start time of the process since unix epoch in seconds.");
    text.add("kubelet_node_name", 1, "node", node.name());
    text.add("kubelet_running_pods", running);
    certificate(text, node.clientCertificate(), CLIENT_TTL, CLIENT_ERRORS);
    certificate(text, node.servingCertificate(), SERVER_TTL, SERVER_ERRORS);
    text.add("kubelet_running_containers", containers, "container_state", "running");
    ProcessHandle.current()
        .info()
        .startInstant()
        .ifPresent(start -> text.add("process_start_time_seconds", seconds(start)));
    exchange.answer(200, Exposition.TYPE, Buffer.buffer(text.text()));
  }

  private static void certificate(
      Exposition text, CertificateLife certificate, String left, String errors) {
    if (certificate.isFollowed()) {
      text.add(left, certificate.secondsLeft());
      text.add(errors, certificate.failures());
    }
  }

  /** Answers with usage of containers, pods and the node. */
  void resource(Exchange exchange) {
    ask(exchange, pods -> resource(exchange, pods));
  }

  private static void resource(Exchange exchange, List<PodUsage> pods) {
    Exposition text =
        new Exposition()
            .family(
                CPU,
                "counter",
                "[STABLE] Cumulative cpu time consumed by the container in core-seconds")
            .family(MEMORY, "gauge", "[STABLE] Current working set of the container in bytes")
            .family(
                START, "gauge", "[STABLE] Start time of the container since unix epoch in seconds")
            .family(
                "node_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the node in core-seconds")
            .family(
                "node_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the node in bytes")
            .family(
                "pod_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the pod in core-seconds")
            .family(
                "pod_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the pod in bytes")
            .family(
                "resource_scrape_error",
                "gauge",
                "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise");
    for (PodUsage pod : pods) {
      for (ContainerUsage container : pod.containers()) {
        String[] labels = {
          "container", container.running().name(), "namespace", pod.namespace(), "pod", pod.name()
        };
        text.add(START, seconds(container.running().container().startedAt()), labels);
        container
            .usage()
            .ifPresent(
                usage -> {
                  text.add(CPU, usage.cpuNanos() / 1e9, usage.at(), labels);
                  text.add(MEMORY, usage.memoryBytes(), usage.at(), labels);
                });
      }
      pod.sum()
          .ifPresent(
              usage -> {
                String[] labels = {"namespace", pod.namespace(), "pod", pod.name()};
                text.add("pod_cpu_usage_seconds_total", usage.cpuNanos() / 1e9, usage.at(), labels);
                text.add("pod_memory_working_set_bytes", usage.memoryBytes(), usage.at(), labels);
              });
    }
    Optional<NodeUsage> machine = NodeUsage.read();
    machine.ifPresent(
        usage -> {
          text.add("node_cpu_usage_seconds_total", usage.cpuNanos() / 1e9, usage.at());
          text.add("node_memory_working_set_bytes", usage.workingSet(), usage.at());
        });
    text.add("resource_scrape_error", machine.isPresent() ? 0 : 1);
    exchange.answer(200, Exposition.TYPE, Buffer.buffer(text.text()));
  }

  /** Answers with usage of containers under cAdvisor's labels, and what the machine has. */
  void cadvisor(Exchange exchange) {
    ask(exchange, pods -> cadvisor(exchange, pods));
  }

  private static void cadvisor(Exchange exchange, List<PodUsage> pods) {
    Exposition text =
        new Exposition()
            .family(CPU, "counter", "Cumulative cpu time consumed in seconds.")
            .family(
                "container_last_seen", "gauge", "Last time a container was seen by the exporter")
            .family(MEMORY, "gauge", "Current working set in bytes.")
            .family(START, "gauge", "Start time of the container since unix epoch in seconds.")
            .family("machine_cpu_cores", "gauge", "Number of logical CPU cores.")
            .family("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.");
    for (PodUsage pod : pods) {
      for (ContainerUsage container : pod.containers()) {
        String[] labels = {
          "container",
          container.running().name(),
          "id",
          "/kubepods/pod"
              + pod.pod().pod().getMetadata().getUid()
              + "/"
              + container.running().container().id(),
          "image",
          container.running().image(),
          "name",
          container.running().container().id(),
          "namespace",
          pod.namespace(),
          "pod",
          pod.name()
        };
        text.add(START, seconds(container.running().container().startedAt()), labels);
        container
            .usage()
            .ifPresent(
                usage -> {
                  text.add("container_last_seen", usage.at().getEpochSecond(), usage.at(), labels);
                  text.add(MEMORY, usage.memoryBytes(), usage.at(), labels);
                  String[] total = new String[labels.length + 2];
                  System.arraycopy(labels, 0, total, 2, labels.length);
                  total[0] = "cpu";
                  total[1] = "total";
                  text.add(CPU, usage.cpuNanos() / 1e9, usage.at(), total);
                });
      }
    }
    text.add("machine_cpu_cores", Runtime.getRuntime().availableProcessors());
    NodeUsage.read().ifPresent(machine -> text.add("machine_memory_bytes", machine.memoryTotal()));
    exchange.answer(200, Exposition.TYPE, Buffer.buffer(text.text()));
  }

  private void ask(Exchange exchange, Consumer<List<PodUsage>> then) {
    usages
        .all()
        .onSuccess(then::accept)
        .onFailure(e -> exchange.refuse(500, "cannot tell what containers use\n"));
  }

  private static double seconds(Instant time) {
    return time.toEpochMilli() / 1e3;
  }
}
