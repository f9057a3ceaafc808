package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;

/** Validates label selectors of objects, and prints them. */
final class LabelSelectorRules {
  private LabelSelectorRules() {}

  /** Validates a {@code LabelSelector}. */
  static void validate(JsonNode selector, String path, FieldErrors errors) {
    ObjectMetaRules.labels(path + ".matchLabels", selector.path("matchLabels"), errors);
    JsonNode expressions = selector.path("matchExpressions");
    for (int i = 0; i < expressions.size(); i++) {
      expression(expressions.get(i), path + ".matchExpressions[" + i + "]", errors);
    }
  }

  private static void expression(JsonNode expression, String path, FieldErrors errors) {
    boolean valued = !expression.path("values").isEmpty();
    String operator = expression.path("operator").asText("");
    switch (operator) {
      case "In", "NotIn" -> {
        if (!valued) {
          errors.required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
        }
      }
      case "Exists", "DoesNotExist" -> {
        if (valued) {
          errors.forbidden(
              path + ".values",
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
      }
      default -> errors.invalid(path + ".operator", operator, "not a valid selector operator");
    }
    String key = expression.path("key").asText("");
    errors.invalid(path + ".key", key, Names.qualifiedName(key));
    for (int i = 0; i < expression.path("values").size(); i++) {
      String value = expression.path("values").get(i).asText("");
      errors.invalid(path + ".values[" + i + "]", value, Names.labelValue(value));
    }
  }
}
