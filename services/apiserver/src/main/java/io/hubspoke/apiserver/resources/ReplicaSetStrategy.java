package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Replica sets: so many pods of one template. */
final class ReplicaSetStrategy extends WorkloadStrategy {
  ReplicaSetStrategy() {
    super(counts(), Map.of("status.replicas", number("status", "replicas")));
  }

  /** Returns what the statuses of replica sets and replication controllers count. */
  static StatusCounts counts() {
    return StatusCounts.always("replicas")
        .optional(
            "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
        .withinReplicas("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        .within("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas");
  }

  @Override
  void defaultSpec(ObjectNode set, ObjectNode spec) {
    setDefault(spec, "replicas", 1);
    PodTemplateRules.applyDefaults(spec);
  }

  @Override
  void validateSpec(ObjectNode set, JsonNode spec, FieldErrors errors) {
    FieldNumbers.nonNegative(spec, "replicas", "spec", errors);
    FieldNumbers.nonNegative(spec, "minReadySeconds", "spec", errors);
    // Kubernetes says deployment here as well.
    PodTemplateRules.selects(spec, "spec", "deployment", errors);
    PodTemplateRules.validate(spec.path("template"), "spec.template", errors);
    PodTemplateRules.alwaysRestarts(spec.path("template"), "spec.template", "ReplicaSet", errors);
  }

  @Override
  void validateChange(ObjectNode set, ObjectNode old, FieldErrors errors) {
    immutable(set, old, "selector", errors);
  }
}
