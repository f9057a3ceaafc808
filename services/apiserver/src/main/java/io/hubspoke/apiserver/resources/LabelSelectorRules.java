package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Names;
import java.util.HashMap;
import java.util.Map;

/** Validates label selectors of objects, and asks whether they select labels. */
final class LabelSelectorRules {
  private LabelSelectorRules() {}

  /** Adds the errors of a {@code LabelSelector}; returns whether there are none. */
  static boolean validate(JsonNode selector, String path, FieldErrors errors) {
    int before = errors.causes().size();
    ObjectMetaRules.labels(path + ".matchLabels", selector.path("matchLabels"), errors);
    JsonNode expressions = selector.path("matchExpressions");
    for (int i = 0; i < expressions.size(); i++) {
      expression(expressions.get(i), path + ".matchExpressions[" + i + "]", errors);
    }
    return errors.causes().size() == before;
  }

  /** Returns whether nothing is asked for. */
  static boolean isEmpty(JsonNode selector) {
    return selector.path("matchLabels").isEmpty() && selector.path("matchExpressions").isEmpty();
  }

  /** Returns whether a valid selector selects what has these labels. */
  static boolean matches(JsonNode selector, JsonNode labels) {
    Map<String, String> given = new HashMap<>();
    labels.properties().forEach(e -> given.put(e.getKey(), e.getValue().asText()));
    return LabelSelector.fromObject(selector).matches(given);
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
