package io.hubspoke.kubelet.server;

import io.vertx.core.buffer.Buffer;

/** Serves {@code /metrics}: gauges of the kubelet itself, in Prometheus' text format. */
final class KubeletMetrics {
  static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final NodeState node;

  KubeletMetrics(NodeState node) {
    this.node = node;
  }

  void serve(Exchange exchange) {
    long running = 0;
    long containers = 0;
    for (NodePod pod : node.pods().all()) {
      int count = pod.running().size();
      containers += count;
      running += count > 0 ? 1 : 0;
    }
    exchange.answer(
        200,
        TYPE,
        Buffer.buffer(
            """
            # HELP kubelet_running_pods Number of pods that have a running pod sandbox
            # TYPE kubelet_running_pods gauge
            kubelet_running_pods %d
            # HELP kubelet_running_containers Number of containers currently running
            # TYPE kubelet_running_containers gauge
            kubelet_running_containers{container_state="running"} %d
            """
                .formatted(running, containers)));
  }
}
