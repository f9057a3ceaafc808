package io.hubspoke.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Selects objects by their labels; all requirements must hold, so none selects everything. */
public record LabelSelector(List<Requirement> requirements) {
  public static final LabelSelector EVERYTHING = new LabelSelector(List.of());

  /** How a label's value is compared. */
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    DOES_NOT_EXIST,
    GREATER_THAN,
    LESS_THAN
  }

  /** One comparison; an absent label is never in a set, so {@code notin} holds for it. */
  public record Requirement(String key, Operator operator, Set<String> values) {
    public Requirement {
      values = Set.copyOf(values);
    }

    boolean matches(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
        case GREATER_THAN, LESS_THAN -> value != null && compares(value);
      };
    }

    private boolean compares(String value) {
      try {
        int order = Long.compare(Long.parseLong(value), Long.parseLong(values.iterator().next()));
        return operator == Operator.GREATER_THAN ? order > 0 : order < 0;
      } catch (NumberFormatException e) {
        return false;
      }
    }
  }

  public LabelSelector {
    requirements = List.copyOf(requirements);
  }

  /**
   * Reads the string form, such as {@code app=web,tier in (a,b),!canary}.
   *
   * @throws ApiException 400 that says what was found and what was expected
   */
  public static LabelSelector parse(String text) {
    return text.isEmpty() ? EVERYTHING : new LabelSelector(new LabelSelectorParser(text).parse());
  }

  /**
   * Reads a {@code LabelSelector} object: {@code matchLabels} and {@code matchExpressions}. An
   * empty object selects everything; callers decide what an absent one means.
   *
   * @throws ApiException 400 when it is malformed
   */
  public static LabelSelector fromObject(JsonNode selector) {
    List<Requirement> all = new ArrayList<>();
    for (var label : selector.path("matchLabels").properties()) {
      all.add(requirement(label.getKey(), Operator.IN, Set.of(label.getValue().asText())));
    }
    for (JsonNode expression : selector.path("matchExpressions")) {
      Set<String> values = new HashSet<>();
      expression.path("values").forEach(v -> values.add(v.asText()));
      String operator = expression.path("operator").asText();
      all.add(
          requirement(
              expression.path("key").asText(),
              switch (operator) {
                case "In" -> Operator.IN;
                case "NotIn" -> Operator.NOT_IN;
                case "Exists" -> Operator.EXISTS;
                case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
                default ->
                    throw invalid("\"" + operator + "\" is not a valid label selector operator");
              },
              values));
    }
    return new LabelSelector(all);
  }

  /** Returns whether every requirement holds. */
  public boolean matches(Map<String, String> labels) {
    for (Requirement requirement : requirements) {
      if (!requirement.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether nothing is asked for. */
  public boolean isEmpty() {
    return requirements.isEmpty();
  }

  /** Makes a requirement whose key and values are valid for its operator. */
  static Requirement requirement(String key, Operator operator, Set<String> values) {
    checkKey(key);
    switch (operator) {
      case IN, NOT_IN -> {
        if (values.isEmpty()) {
          throw invalid(
              "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
        }
      }
      case EXISTS, DOES_NOT_EXIST -> {
        if (!values.isEmpty()) {
          throw invalid(
              "values: Invalid value: "
                  + values
                  + ": values set must be empty for exists and does not exist");
        }
      }
      case GREATER_THAN, LESS_THAN -> {
        for (String value : values) {
          checkInteger(value);
        }
      }
    }
    for (String value : values) {
      List<String> errors = Names.labelValue(value);
      if (!errors.isEmpty()) {
        throw invalid(
            "values[0]["
                + key
                + "]: Invalid value: \""
                + value
                + "\": "
                + String.join("; ", errors));
      }
    }
    return new Requirement(key, operator, values);
  }

  static void checkKey(String key) {
    List<String> errors = Names.qualifiedName(key);
    if (!errors.isEmpty()) {
      throw invalid("key: Invalid value: \"" + key + "\": " + String.join("; ", errors));
    }
  }

  private static void checkInteger(String value) {
    try {
      Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw invalid(
          "values[0]: Invalid value: \""
              + value
              + "\": for 'Gt', 'Lt' operators, the value must be an integer");
    }
  }

  private static ApiException invalid(String message) {
    return Status.badRequest("unable to parse requirement: " + message).toException();
  }
}
