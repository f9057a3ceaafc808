package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Deployments: roll out a quarter at a time unless told otherwise. */
final class DeploymentStrategy extends WorkloadStrategy {
  DeploymentStrategy() {
    super(
        StatusCounts.always()
            .optional(
                "observedGeneration",
                "replicas",
                "updatedReplicas",
                "readyReplicas",
                "availableReplicas",
                "unavailableReplicas",
                "collisionCount")
            .withinReplicas("updatedReplicas", "readyReplicas", "availableReplicas")
            .within("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
        Map.of());
  }

  @Override
  void defaultSpec(ObjectNode deployment, ObjectNode spec) {
    setDefault(spec, "replicas", 1);
    PodTemplateRules.applyDefaults(spec);
    ObjectNode strategy = object(spec, "strategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      ObjectNode rolling = object(strategy, "rollingUpdate");
      setDefault(rolling, "maxUnavailable", "25%");
      setDefault(rolling, "maxSurge", "25%");
    }
    setDefault(spec, "revisionHistoryLimit", 10);
    setDefault(spec, "progressDeadlineSeconds", 600);
  }

  /** A change of annotations counts too: they are copied to the replica sets. */
  @Override
  boolean isNewGeneration(ObjectNode deployment, ObjectNode old) {
    return super.isNewGeneration(deployment, old)
        || !deployment
            .path("metadata")
            .path("annotations")
            .equals(old.path("metadata").path("annotations"));
  }

  @Override
  void validateSpec(ObjectNode deployment, JsonNode spec, FieldErrors errors) {
    FieldNumbers.nonNegative(spec, "replicas", "spec", errors);
    PodTemplateRules.selects(spec, "spec", "deployment", errors);
    PodTemplateRules.validate(spec.path("template"), "spec.template", errors);
    PodTemplateRules.alwaysRestarts(spec.path("template"), "spec.template", "ReplicaSet", errors);
    strategy(spec.path("strategy"), errors);
    FieldNumbers.nonNegative(spec, "minReadySeconds", "spec", errors);
    FieldNumbers.nonNegative(spec, "revisionHistoryLimit", "spec", errors);
    FieldNumbers.nonNegative(spec, "progressDeadlineSeconds", "spec", errors);
    JsonNode deadline = spec.path("progressDeadlineSeconds");
    if (deadline.asLong() <= spec.path("minReadySeconds").asLong()) {
      errors.invalid(
          "spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
    }
  }

  private static void strategy(JsonNode strategy, FieldErrors errors) {
    JsonNode rolling = strategy.path("rollingUpdate");
    switch (strategy.path("type").asText("")) {
      case "Recreate" -> {
        if (!rolling.isMissingNode()) {
          errors.forbidden(
              "spec.strategy.rollingUpdate",
              "may not be specified when strategy `type` is 'Recreate'");
        }
      }
      case "RollingUpdate" -> {
        String path = "spec.strategy.rollingUpdate.maxUnavailable";
        JsonNode unavailable = rolling.path("maxUnavailable");
        JsonNode surge = rolling.path("maxSurge");
        IntOrPercent.validate(unavailable, path, errors);
        IntOrPercent.validate(surge, "spec.strategy.rollingUpdate.maxSurge", errors);
        if (IntOrPercent.number(unavailable) == 0 && IntOrPercent.number(surge) == 0) {
          errors.invalid(path, unavailable, "may not be 0 when `maxSurge` is 0");
        }
        IntOrPercent.atMostAll(unavailable, path, errors);
      }
      default ->
          errors.notSupported("spec.strategy", strategy, List.of("Recreate", "RollingUpdate"));
    }
  }

  @Override
  void validateChange(ObjectNode deployment, ObjectNode old, FieldErrors errors) {
    immutable(deployment, old, "selector", errors);
  }
}
