package io.hubspoke.apiserver.http;

import java.util.HashMap;
import java.util.Map;

/** Reads the {@code field=value} terms of a field selector, as far as authorization needs them. */
public record FieldTerms(Map<String, String> equals) {
  private static final FieldTerms NONE = new FieldTerms(Map.of());

  public FieldTerms {
    equals = Map.copyOf(equals);
  }

  /**
   * Parses a selector. One that uses escapes or that is contradictory yields no terms: whoever
   * depends on a term is then refused, which is the safe side.
   */
  public static FieldTerms of(String selector) {
    if (selector == null || selector.isEmpty() || selector.indexOf('\\') >= 0) {
      return NONE;
    }
    Map<String, String> terms = new HashMap<>();
    for (String term : selector.split(",", -1)) {
      int at = term.indexOf('=');
      if (at <= 0 || term.charAt(at - 1) == '!') {
        continue;
      }
      int value = term.startsWith("==", at) ? at + 2 : at + 1;
      String before = terms.put(term.substring(0, at), term.substring(value));
      if (before != null && !before.equals(term.substring(value))) {
        return NONE;
      }
    }
    return new FieldTerms(terms);
  }

  /** Returns the value that a field must equal, empty when the selector says nothing of it. */
  public String equal(String field) {
    return equals.getOrDefault(field, "");
  }
}
