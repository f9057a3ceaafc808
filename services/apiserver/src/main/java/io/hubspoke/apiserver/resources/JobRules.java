package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Validates the spec of a job, also of one that a cron job is yet to make. */
final class JobRules {
  private static final int MOST_PARALLEL = 100_000;
  private static final int MOST_FAILURE_RULES = 20;
  private static final List<String> MODES = List.of("Indexed", "NonIndexed");
  private static final List<String> COUNTS =
      List.of(
          "parallelism",
          "completions",
          "activeDeadlineSeconds",
          "backoffLimit",
          "ttlSecondsAfterFinished",
          "backoffLimitPerIndex",
          "maxFailedIndexes");
  private static final List<String> ACTIONS = List.of("Count", "FailIndex", "FailJob", "Ignore");

  private JobRules() {}

  static boolean isIndexed(JsonNode spec) {
    return spec.path("completionMode").asText("").equals("Indexed");
  }

  static void validate(JsonNode spec, String path, FieldErrors errors) {
    COUNTS.forEach(field -> FieldNumbers.nonNegative(spec, field, path, errors));
    if (spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex")) {
      errors.required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
    }
    PodValidation.oneOf(spec, "completionMode", path, MODES, errors);
    if (isIndexed(spec)) {
      indexed(spec, path, errors);
    } else {
      for (String field : List.of("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")) {
        if (spec.has(field)) {
          errors.invalid(path + "." + field, spec.get(field), "requires indexed completion mode");
        }
      }
    }
    failurePolicy(spec, path + ".podFailurePolicy.rules", errors);
    PodValidation.oneOf(
        spec,
        "podReplacementPolicy",
        path,
        spec.has("podFailurePolicy") ? List.of("Failed") : List.of("Failed", "TerminatingOrFailed"),
        errors);
    PodTemplateRules.validate(spec.path("template"), path + ".template", errors);
    restartPolicy(spec, path + ".template.spec.restartPolicy", errors);
  }

  private static void indexed(JsonNode spec, String path, FieldErrors errors) {
    JsonNode completions = spec.path("completions");
    JsonNode failed = spec.path("maxFailedIndexes");
    if (completions.isMissingNode()) {
      errors.required(path + ".completions", "when completion mode is Indexed");
    }
    if (spec.path("parallelism").asLong() > MOST_PARALLEL) {
      errors.invalid(
          path + ".parallelism",
          spec.get("parallelism"),
          "must be less than or equal to " + MOST_PARALLEL + " when completion mode is Indexed");
    }
    if (!completions.isMissingNode() && failed.asLong() > completions.asLong()) {
      errors.invalid(
          path + ".maxFailedIndexes", failed, "must be less than or equal to completions");
    }
    if (spec.has("successPolicy") && spec.path("successPolicy").path("rules").isEmpty()) {
      errors.required(
          path + ".successPolicy.rules",
          "at least one rules must be specified when the successPolicy is specified");
    }
  }

  private static void restartPolicy(JsonNode spec, String path, FieldErrors errors) {
    String policy = spec.path("template").path("spec").path("restartPolicy").asText("");
    switch (policy) {
      case "Always", "" -> errors.required(path, "valid values: \"OnFailure\", \"Never\"");
      case "Never" -> {}
      case "OnFailure" -> {
        if (spec.has("podFailurePolicy")) {
          errors.invalid(
              path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
        }
      }
      default -> errors.notSupported(path, policy, List.of("OnFailure", "Never"));
    }
  }

  private static void failurePolicy(JsonNode spec, String path, FieldErrors errors) {
    JsonNode rules = spec.path("podFailurePolicy").path("rules");
    if (rules.size() > MOST_FAILURE_RULES) {
      errors.tooMany(path, rules.size(), MOST_FAILURE_RULES);
    }
    Set<String> containers = new HashSet<>();
    for (String list : List.of("containers", "initContainers")) {
      spec.path("template")
          .path("spec")
          .path(list)
          .forEach(c -> containers.add(c.path("name").asText("")));
    }
    for (int i = 0; i < rules.size(); i++) {
      failureRule(spec, rules.get(i), containers, path + "[" + i + "]", errors);
    }
  }

  private static void failureRule(
      JsonNode spec, JsonNode rule, Set<String> containers, String path, FieldErrors errors) {
    String action = rule.path("action").asText("");
    if (action.isEmpty()) {
      errors.required(
          path + ".action", "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
    } else if (action.equals("FailIndex") && !spec.has("backoffLimitPerIndex")) {
      errors.invalid(path + ".action", action, "requires the backoffLimitPerIndex to be set");
    }
    PodValidation.oneOf(rule, "action", path, ACTIONS, errors);
    boolean codes = rule.has("onExitCodes");
    if (codes) {
      exitCodes(rule.path("onExitCodes"), containers, path + ".onExitCodes", errors);
    }
    JsonNode conditions = rule.path("onPodConditions");
    for (int i = 0; i < conditions.size(); i++) {
      String at = path + ".onPodConditions[" + i + "]";
      String type = conditions.get(i).path("type").asText("");
      errors.invalid(at + ".type", type, Names.qualifiedName(type));
      PodValidation.oneOf(
          conditions.get(i), "status", at, List.of("False", "True", "Unknown"), errors);
    }
    if (codes && !conditions.isEmpty()) {
      errors.invalid(path, "specifying both OnExitCodes and OnPodConditions is not supported");
    } else if (!codes && conditions.isEmpty()) {
      errors.invalid(path, "specifying one of OnExitCodes and OnPodConditions is required");
    }
  }

  private static void exitCodes(
      JsonNode codes, Set<String> containers, String path, FieldErrors errors) {
    String operator = codes.path("operator").asText("");
    if (operator.isEmpty()) {
      errors.required(path + ".operator", "valid values: [\"In\" \"NotIn\"]");
    }
    PodValidation.oneOf(codes, "operator", path, List.of("In", "NotIn"), errors);
    String container = codes.path("containerName").asText("");
    if (codes.has("containerName") && !containers.contains(container)) {
      errors.invalid(
          path + ".containerName",
          container,
          "must be one of the container or initContainer names in the pod template");
    }
    JsonNode values = codes.path("values");
    if (values.isEmpty()) {
      errors.invalid(path + ".values", values, "at least one value is required");
    }
    Set<JsonNode> seen = new HashSet<>();
    boolean ordered = true;
    for (int i = 0; i < values.size(); i++) {
      String at = path + ".values[" + i + "]";
      if (operator.equals("In") && values.get(i).asInt() == 0) {
        errors.invalid(at, values.get(i), "must not be 0 for the In operator");
      }
      if (!seen.add(values.get(i))) {
        errors.duplicate(at, values.get(i));
      }
      ordered &= i == 0 || values.get(i - 1).asInt() <= values.get(i).asInt();
    }
    if (!ordered) {
      errors.invalid(path + ".values", values, "must be ordered");
    }
  }

  /** Validates what a job's status says of its end. */
  static void validateStatus(JsonNode job, FieldErrors errors) {
    JsonNode status = job.path("status");
    boolean complete = isTrue(status, "Complete");
    boolean failed = isTrue(status, "Failed");
    if (complete && failed) {
      errors.invalid("status.conditions", "cannot set Complete=True and Failed=true conditions");
    }
    if (complete && isTrue(status, "FailureTarget")) {
      errors.invalid(
          "status.conditions", "cannot set Complete=True and FailureTarget=true conditions");
    }
    if (status.has("completionTime") && !complete) {
      errors.invalid(
          "status.completionTime",
          status.get("completionTime"),
          "cannot set completionTime when there is no Complete=True condition");
    }
    if (!status.has("completionTime") && complete) {
      errors.required("status.completionTime", "completionTime is required for Complete jobs");
    }
    if ((complete || failed) && status.path("active").asLong() > 0) {
      errors.invalid("status.active", status.get("active"), "active>0 is invalid for finished job");
    }
    if ((complete || failed) && !status.has("startTime")) {
      errors.required("status.startTime", "startTime is required for finished job");
    }
    if (status.path("ready").asLong() > status.path("active").asLong()) {
      errors.invalid("status.ready", status.get("ready"), "cannot set more ready pods than active");
    }
  }

  private static boolean isTrue(JsonNode status, String type) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText("").equals(type)
          && condition.path("status").asText("").equals("True")) {
        return true;
      }
    }
    return false;
  }
}
