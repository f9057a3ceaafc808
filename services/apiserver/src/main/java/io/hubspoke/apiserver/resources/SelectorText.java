package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collection;
import java.util.TreeMap;
import java.util.TreeSet;

/** Writes a label selector as {@code kubectl get} shows it. */
final class SelectorText {
  private SelectorText() {}

  /** Returns the selector's terms by their keys; {@code <none>} for one that selects everything. */
  static String of(JsonNode selector) {
    TreeMap<String, String> terms = new TreeMap<>();
    selector
        .path("matchLabels")
        .properties()
        .forEach(
            e ->
                terms.merge(
                    e.getKey(), e.getKey() + "=" + e.getValue().asText(), SelectorText::and));
    for (JsonNode expression : selector.path("matchExpressions")) {
      terms.merge(expression.path("key").asText(""), term(expression), SelectorText::and);
    }
    Collection<String> all = terms.values();
    return all.isEmpty() ? "<none>" : String.join(",", all);
  }

  private static String and(String one, String other) {
    return one + "," + other;
  }

  private static String term(JsonNode expression) {
    String key = expression.path("key").asText("");
    TreeSet<String> values = new TreeSet<>();
    expression.path("values").forEach(value -> values.add(value.asText()));
    String list = " (" + String.join(",", values) + ")";
    return switch (expression.path("operator").asText("")) {
      case "In" -> key + " in" + list;
      case "NotIn" -> key + " notin" + list;
      case "DoesNotExist" -> "!" + key;
      default -> key;
    };
  }
}
