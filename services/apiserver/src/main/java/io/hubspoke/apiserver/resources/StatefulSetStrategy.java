package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Stateful sets: pods with names and claims of their own. */
final class StatefulSetStrategy extends WorkloadStrategy {
  /** What may change; the pods could not follow a change of anything else. */
  private static final List<String> MUTABLE =
      List.of(
          "replicas",
          "ordinals",
          "template",
          "updateStrategy",
          "revisionHistoryLimit",
          "persistentVolumeClaimRetentionPolicy",
          "minReadySeconds");

  private static final List<String> RETENTION = List.of("Delete", "Retain");

  StatefulSetStrategy() {
    super(
        StatusCounts.always("replicas", "availableReplicas")
            .optional(
                "readyReplicas",
                "currentReplicas",
                "updatedReplicas",
                "observedGeneration",
                "collisionCount")
            .withinReplicas(
                "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
            .within(
                "availableReplicas",
                "readyReplicas",
                "cannot be greater than status.readyReplicas"),
        Map.of());
  }

  /** The name is part of the pods' host names. */
  @Override
  public List<String> validateName(String name, boolean prefix) {
    return Names.dns1123Label(prefix ? Names.withoutTrailingDash(name) : name);
  }

  @Override
  void defaultSpec(ObjectNode set, ObjectNode spec) {
    setDefault(spec, "podManagementPolicy", "OrderedReady");
    setDefault(spec, "replicas", 1);
    setDefault(spec, "revisionHistoryLimit", 10);
    PodTemplateRules.applyDefaults(spec);
    ObjectNode strategy = object(spec, "updateStrategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      setDefault(object(strategy, "rollingUpdate"), "partition", 0);
    }
    ObjectNode retention = object(spec, "persistentVolumeClaimRetentionPolicy");
    setDefault(retention, "whenDeleted", "Retain");
    setDefault(retention, "whenScaled", "Retain");
    for (ObjectNode claim : objects(spec, "volumeClaimTemplates")) {
      setDefault(claim, "apiVersion", "v1");
      setDefault(claim, "kind", "PersistentVolumeClaim");
      setDefault(object(claim, "spec"), "volumeMode", "Filesystem");
      setDefault(object(claim, "status"), "phase", "Pending");
    }
  }

  @Override
  void validateSpec(ObjectNode set, JsonNode spec, FieldErrors errors) {
    JsonNode policy = spec.path("podManagementPolicy");
    if (!List.of("OrderedReady", "Parallel").contains(policy.asText())) {
      errors.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
    }
    updateStrategy(spec.path("updateStrategy"), errors);
    for (String when : List.of("whenDeleted", "whenScaled")) {
      PodValidation.oneOf(
          spec.path("persistentVolumeClaimRetentionPolicy"),
          when,
          "spec.persistentVolumeClaimRetentionPolicy",
          RETENTION,
          errors);
    }
    FieldNumbers.nonNegative(spec, "replicas", "spec", errors);
    FieldNumbers.nonNegative(spec, "minReadySeconds", "spec", errors);
    FieldNumbers.nonNegative(spec.path("ordinals"), "start", "spec.ordinals", errors);
    PodTemplateRules.selects(spec, "spec", "statefulset", errors);
    // The pod itself is not validated: its volumes are complete only with the claims.
    PodTemplateRules.validateMetadata(spec.path("template"), "spec.template", errors);
    PodTemplateRules.alwaysRestarts(spec.path("template"), "spec.template", "StatefulSet", errors);
  }

  private static void updateStrategy(JsonNode strategy, FieldErrors errors) {
    JsonNode rolling = strategy.path("rollingUpdate");
    String path = "spec.updateStrategy.rollingUpdate";
    switch (strategy.path("type").asText("")) {
      case "OnDelete" -> {
        if (!rolling.isMissingNode()) {
          errors.invalid(path, rolling, "only allowed for updateStrategy 'RollingUpdate'");
        }
      }
      case "RollingUpdate" -> {
        FieldNumbers.nonNegative(rolling, "partition", path, errors);
        JsonNode unavailable = rolling.path("maxUnavailable");
        if (!unavailable.isMissingNode()) {
          IntOrPercent.validate(unavailable, path + ".maxUnavailable", errors);
          if (IntOrPercent.number(unavailable) == 0) {
            errors.invalid(path + ".maxUnavailable", unavailable, "cannot be 0");
          }
          IntOrPercent.atMostAll(unavailable, path + ".maxUnavailable", errors);
        }
      }
      default ->
          errors.invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'");
    }
  }

  @Override
  void validateChange(ObjectNode set, ObjectNode old, FieldErrors errors) {
    JsonNode now = set.path("spec").deepCopy();
    JsonNode before = old.path("spec").deepCopy();
    for (JsonNode spec : List.of(now, before)) {
      if (spec instanceof ObjectNode object) {
        object.remove(MUTABLE);
      }
    }
    if (!now.equals(before)) {
      errors.forbidden(
          "spec",
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
              + " 'updateStrategy', 'revisionHistoryLimit',"
              + " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }
  }
}
