package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.List;
import java.util.Map;

/** Daemon sets: a pod on each node, replaced one by one. */
final class DaemonSetStrategy extends WorkloadStrategy {
  /** Counts the template's changes, from a time before controller revisions. */
  static final String TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

  DaemonSetStrategy() {
    super(
        StatusCounts.always(
                "currentNumberScheduled",
                "numberMisscheduled",
                "desiredNumberScheduled",
                "numberReady")
            .optional(
                "observedGeneration",
                "updatedNumberScheduled",
                "numberAvailable",
                "numberUnavailable",
                "collisionCount"),
        Map.of());
  }

  @Override
  void defaultSpec(ObjectNode set, ObjectNode spec) {
    PodTemplateRules.applyDefaults(spec);
    ObjectNode strategy = object(spec, "updateStrategy");
    setDefault(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      ObjectNode rolling = object(strategy, "rollingUpdate");
      setDefault(rolling, "maxUnavailable", 1);
      setDefault(rolling, "maxSurge", 0);
    }
    setDefault(spec, "revisionHistoryLimit", 10);
  }

  @Override
  void begin(ObjectNode set, Requester requester) {
    super.begin(set, requester);
    setTemplateGeneration(set, Math.max(1, templateGeneration(set)));
  }

  @Override
  void change(ObjectNode set, ObjectNode old, String subresource, Requester requester) {
    super.change(set, old, subresource, requester);
    boolean same = set.path("spec").path("template").equals(old.path("spec").path("template"));
    setTemplateGeneration(set, templateGeneration(old) + (same ? 0 : 1));
  }

  private static long templateGeneration(ObjectNode set) {
    try {
      return Long.parseLong(Meta.annotations(set).getOrDefault(TEMPLATE_GENERATION, "0"));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static void setTemplateGeneration(ObjectNode set, long generation) {
    object(Meta.of(set), "annotations").put(TEMPLATE_GENERATION, String.valueOf(generation));
  }

  @Override
  void validateSpec(ObjectNode set, JsonNode spec, FieldErrors errors) {
    PodTemplateRules.selects(spec, "spec", "daemonset", errors);
    PodTemplateRules.validate(spec.path("template"), "spec.template", errors);
    PodTemplateRules.alwaysRestarts(spec.path("template"), "spec.template", "DaemonSet", errors);
    FieldNumbers.nonNegative(spec, "minReadySeconds", "spec", errors);
    updateStrategy(spec.path("updateStrategy"), errors);
    FieldNumbers.nonNegative(spec, "revisionHistoryLimit", "spec", errors);
  }

  private static void updateStrategy(JsonNode strategy, FieldErrors errors) {
    switch (strategy.path("type").asText("")) {
      case "OnDelete" -> {}
      case "RollingUpdate" -> rollingUpdate(strategy.path("rollingUpdate"), errors);
      default ->
          errors.notSupported(
              "spec.updateStrategy", strategy, List.of("OnDelete", "RollingUpdate"));
    }
  }

  private static void rollingUpdate(JsonNode rolling, FieldErrors errors) {
    String path = "spec.updateStrategy.rollingUpdate";
    JsonNode unavailable = rolling.path("maxUnavailable");
    JsonNode surge = rolling.path("maxSurge");
    IntOrPercent.validate(unavailable, path + ".maxUnavailable", errors);
    IntOrPercent.validate(surge, path + ".maxSurge", errors);
    IntOrPercent.atMostAll(unavailable, path + ".maxUnavailable", errors);
    IntOrPercent.atMostAll(surge, path + ".maxSurge", errors);
    boolean fewer = IntOrPercent.number(unavailable) != 0;
    boolean more = IntOrPercent.number(surge) != 0;
    if (fewer && more) {
      errors.invalid(path + ".maxSurge", surge, "may not be set when maxUnavailable is non-zero");
    } else if (!fewer && !more) {
      errors.required(path + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
    }
  }

  @Override
  void validateChange(ObjectNode set, ObjectNode old, FieldErrors errors) {
    immutable(set, old, "selector", errors);
  }
}
