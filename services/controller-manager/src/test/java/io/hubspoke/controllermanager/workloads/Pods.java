package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** Pods in the states that decisions are made by. */
final class Pods {
  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private Pods() {}

  /** Makes one that was created a minute ago and is on no node. */
  static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .withUid("uid-" + name)
        .addToLabels("app", "web")
        .withCreationTimestamp(NOW.minusSeconds(60).toString())
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .withPhase("Pending")
        .endStatus()
        .build();
  }

  /** Makes one that has been ready for so long. */
  static Pod ready(String name, String node, Duration since, Map<String, String> annotations) {
    return pod(name)
        .edit()
        .editMetadata()
        .withAnnotations(annotations)
        .endMetadata()
        .editSpec()
        .withNodeName(node)
        .endSpec()
        .withNewStatus()
        .withPhase("Running")
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .withLastTransitionTime(NOW.minus(since).toString())
        .endCondition()
        .endStatus()
        .build();
  }
}
