package io.hubspoke.apiserver.resources;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/** Writes a selector object as lists take it, such as {@code app=web,tier in (a,b)}. */
public final class SelectorText {
  private SelectorText() {}

  /**
   * Returns the text, empty when nothing is asked for.
   *
   * @param selector a {@code LabelSelector}, or a map of labels as replication controllers have it
   */
  public static String of(JsonNode selector) {
    var terms = new TreeMap<String, String>();
    boolean object = selector.has("matchLabels") || selector.has("matchExpressions");
    for (var label : (object ? selector.path("matchLabels") : selector).properties()) {
      terms.put(label.getKey() + " ", label.getKey() + "=" + label.getValue().asText());
    }
    int i = 0;
    for (JsonNode expression : selector.path("matchExpressions")) {
      String key = expression.path("key").asText("");
      terms.put(key + " " + i++, term(key, expression));
    }
    return String.join(",", terms.values());
  }

  private static String term(String key, JsonNode expression) {
    String values =
        StreamSupport.stream(expression.path("values").spliterator(), false)
            .map(v -> v.asText(""))
            .sorted()
            .collect(joining(",", "(", ")"));
    return switch (expression.path("operator").asText("")) {
      case "In" -> key + " in " + values;
      case "NotIn" -> key + " notin " + values;
      case "DoesNotExist" -> "!" + key;
      default -> key;
    };
  }
}
