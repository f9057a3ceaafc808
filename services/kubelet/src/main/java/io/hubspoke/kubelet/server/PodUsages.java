package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Asks the runtime what the containers of a node use at present. */
final class PodUsages {

  /** A running container; usage is empty where the runtime can't tell it. */
  record ContainerUsage(NodePod.RunningContainer running, Optional<ContainerRuntime.Usage> usage) {}

  /** A pod with its running containers. */
  record PodUsage(NodePod pod, List<ContainerUsage> containers) {
    String name() {
      return pod.pod().getMetadata().getName();
    }

    String namespace() {
      return pod.pod().getMetadata().getNamespace();
    }

    /** Returns the sum over its containers; empty when that of one is not known. */
    Optional<ContainerRuntime.Usage> sum() {
      ContainerRuntime.Usage sum = null;
      for (ContainerUsage container : containers) {
        if (container.usage.isEmpty()) {
          return Optional.empty();
        }
        ContainerRuntime.Usage one = container.usage.get();
        sum =
            sum == null
                ? one
                : new ContainerRuntime.Usage(
                    one.at().isAfter(sum.at()) ? one.at() : sum.at(),
                    sum.cpuNanos() + one.cpuNanos(),
                    sum.memoryBytes() + one.memoryBytes());
      }
      return Optional.ofNullable(sum);
    }
  }

  private final ContainerRuntime runtime;
  private final NodePods pods;

  PodUsages(ContainerRuntime runtime, NodePods pods) {
    this.runtime = runtime;
    this.pods = pods;
  }

  /** Returns all pods that have running containers. */
  Future<List<PodUsage>> all() {
    List<Future<PodUsage>> asked = new ArrayList<>();
    for (NodePod pod : pods.all()) {
      List<Future<ContainerUsage>> containers =
          pod.running().stream()
              .map(
                  running ->
                      runtime
                          .usage(running.container())
                          // One that has just ended; the others' are still told.
                          .otherwise(Optional.empty())
                          .map(usage -> new ContainerUsage(running, usage)))
              .toList();
      if (!containers.isEmpty()) {
        asked.add(
            Future.join(containers).map(all -> new PodUsage(pod, all.<ContainerUsage>list())));
      }
    }
    return asked.isEmpty()
        ? Future.succeededFuture(List.of())
        : Future.join(asked).map(all -> all.<PodUsage>list());
  }
}
