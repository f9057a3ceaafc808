package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Pod disruption budgets: how many pods must stay, or how many may go. */
final class PodDisruptionBudgetStrategy extends WorkloadStrategy {
  PodDisruptionBudgetStrategy() {
    super(
        StatusCounts.always(
            "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"),
        Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void defaultSpec(ObjectNode budget, ObjectNode spec) {}

  @Override
  void validateSpec(ObjectNode budget, JsonNode spec, FieldErrors errors) {
    if (spec.has("minAvailable") && spec.has("maxUnavailable")) {
      errors.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
    }
    for (String field : List.of("minAvailable", "maxUnavailable")) {
      JsonNode value = spec.path(field);
      if (!value.isMissingNode()) {
        IntOrPercent.validate(value, "spec." + field, errors);
        IntOrPercent.atMostAll(value, "spec." + field, errors);
      }
    }
    LabelSelectorRules.validate(spec.path("selector"), "spec.selector", errors);
    PodValidation.oneOf(
        spec,
        "unhealthyPodEvictionPolicy",
        "spec",
        List.of("AlwaysAllow", "IfHealthyBudget"),
        errors);
  }
}
