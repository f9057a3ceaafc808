package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Horizontal pod autoscalers, by processor use alone as in {@code autoscaling/v1}. */
final class HorizontalPodAutoscalerStrategy extends WorkloadStrategy {
  private static final String METRICS = "autoscaling.alpha.kubernetes.io/metrics";

  HorizontalPodAutoscalerStrategy() {
    super(StatusCounts.always("currentReplicas", "desiredReplicas"), Map.of());
  }

  @Override
  void defaultSpec(ObjectNode autoscaler, ObjectNode spec) {
    setDefault(spec, "minReplicas", 1);
    if (!Meta.annotations(autoscaler).containsKey(METRICS)) {
      setDefault(spec, "targetCPUUtilizationPercentage", 80);
    }
  }

  /** Autoscalers have no generation. */
  @Override
  void begin(ObjectNode autoscaler, Requester requester) {}

  @Override
  void change(ObjectNode autoscaler, ObjectNode old, String subresource, Requester requester) {}

  @Override
  void validateSpec(ObjectNode autoscaler, JsonNode spec, FieldErrors errors) {
    JsonNode least = spec.path("minReplicas");
    JsonNode most = spec.path("maxReplicas");
    if (least.asLong() < 1) {
      errors.invalid("spec.minReplicas", least, "must be greater than or equal to 1");
    }
    if (most.asLong() < 1) {
      errors.invalid("spec.maxReplicas", most.asLong(), "must be greater than 0");
    }
    if (least.asLong() > most.asLong()) {
      errors.invalid(
          "spec.maxReplicas", most.asLong(), "must be greater than or equal to `minReplicas`");
    }
    for (String field : List.of("kind", "name")) {
      String value = spec.path("scaleTargetRef").path(field).asText("");
      if (value.isEmpty()) {
        errors.required("spec.scaleTargetRef." + field, "");
      } else {
        errors.invalid("spec.scaleTargetRef." + field, value, Names.pathSegment(value));
      }
    }
    JsonNode target = spec.path("targetCPUUtilizationPercentage");
    if (!target.isMissingNode() && target.asLong() < 1) {
      // The path that the field has in the newest version of the kind.
      errors.invalid(
          "spec.metrics[0].resource.target.averageUtilization", target, "must be greater than 0");
    }
  }
}
