package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Stream;

/** Ends running containers that must not go on: of another image now, or failed by a probe. */
final class ContainerRestarts {
  private final EventRecorder events;
  private final Regarding about;

  ContainerRestarts(EventRecorder events, Regarding about) {
    this.events = events;
    this.about = about;
  }

  /**
   * Looks at one container.
   *
   * @param pod as it is wanted now
   * @param path names the container in the pod's spec
   * @param grace how long it may take to end, where a probe says nothing else
   */
  void see(Pod pod, ContainerWorker container, String path, Duration grace) {
    boolean redefined =
        Stream.concat(
                pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
            .filter(spec -> spec.getName().equals(container.name()))
            .findFirst()
            .map(container::redefine)
            .orElse(false);
    if (redefined) {
      container.restart();
      stop(container, path, grace, "definition changed, will be restarted");
      return;
    }
    if (container.hookFailed()) {
      stop(container, path, grace, "failed postStart hook");
      return;
    }
    ContainerProbes.Kind failed = container.failedProbe();
    if (failed == null) {
      return;
    }
    String why = "failed " + failed.text.toLowerCase(Locale.ROOT) + " probe";
    if (!"Never".equals(pod.getSpec().getRestartPolicy()) || PodStatus.sidecar(container)) {
      container.restart();
      why += ", will be restarted";
    }
    Probe probe =
        failed == ContainerProbes.Kind.LIVENESS
            ? container.spec().getLivenessProbe()
            : container.spec().getStartupProbe();
    Long own = probe.getTerminationGracePeriodSeconds();
    stop(container, path, own == null ? grace : Duration.ofSeconds(own), why);
  }

  private void stop(ContainerWorker container, String path, Duration grace, String why) {
    if (container.stop(grace)) {
      events.normal(about.field(path), "Killing", "Container " + container.name() + " " + why);
    }
  }
}
