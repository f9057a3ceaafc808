package io.hubspoke.kubelet.volumes;

import java.util.function.UnaryOperator;

/**
 * Puts values in the place of {@code $(NAME)}; {@code $$} stands for a dollar sign, and what has no
 * value stays as it is (Kubernetes documentation, "Define a Command and Arguments for a
 * Container").
 */
public final class VariableExpansion {
  private VariableExpansion() {}

  /**
   * Expands a text.
   *
   * @param values of variables by name; null for one without
   */
  public static String expand(String text, UnaryOperator<String> values) {
    StringBuilder expanded = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c != '$' || at + 1 == text.length()) {
        expanded.append(c);
        at++;
        continue;
      }
      char next = text.charAt(at + 1);
      int end = next == '(' ? text.indexOf(')', at + 2) : -1;
      if (next == '$') {
        expanded.append('$');
        at += 2;
      } else if (next != '(') {
        expanded.append(c).append(next);
        at += 2;
      } else if (end < 0) {
        expanded.append("$(");
        at += 2;
      } else {
        String value = values.apply(text.substring(at + 2, end));
        expanded.append(value == null ? text.substring(at, end + 1) : value);
        at = end + 1;
      }
    }
    return expanded.toString();
  }
}
