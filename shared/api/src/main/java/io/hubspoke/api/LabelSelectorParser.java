package io.hubspoke.api;

import io.hubspoke.api.LabelSelector.Operator;
import io.hubspoke.api.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Parses the string form of label selectors (Kubernetes, "Labels and Selectors", API). */
final class LabelSelectorParser {
  private static final String SPECIAL = "=!(),<>";
  private static final String OPERATORS = "in, notin, =, ==, !=, gt, lt";

  private final String text;
  private int position;
  private String token;

  LabelSelectorParser(String text) {
    this.text = text;
    advance();
  }

  List<Requirement> parse() {
    List<Requirement> requirements = new ArrayList<>();
    if (atEnd()) {
      return requirements;
    }
    if (!token.equals("!") && !isIdentifier()) {
      throw bad("found '" + token + "', expected: !, identifier, or 'end of string'");
    }
    while (true) {
      requirements.add(requirement());
      if (atEnd()) {
        return requirements;
      }
      if (!token.equals(",")) {
        throw bad("found '" + token + "', expected: ',' or 'end of string'");
      }
      advance();
      if (!token.equals("!") && !isIdentifier()) {
        throw bad("found '" + token + "', expected: identifier after ','");
      }
    }
  }

  private Requirement requirement() {
    boolean absent = token.equals("!");
    if (absent) {
      advance();
    }
    if (!isIdentifier()) {
      throw unparsable("found '" + token + "', expected: identifier");
    }
    String key = token;
    LabelSelector.checkKey(key);
    advance();
    if (absent || atEnd() || token.equals(",")) {
      return new Requirement(key, absent ? Operator.DOES_NOT_EXIST : Operator.EXISTS, Set.of());
    }
    String operator = token;
    advance();
    return switch (operator) {
      case "=", "==" -> LabelSelector.requirement(key, Operator.IN, Set.of(value()));
      case "!=" -> LabelSelector.requirement(key, Operator.NOT_IN, Set.of(value()));
      case "in" -> LabelSelector.requirement(key, Operator.IN, values());
      case "notin" -> LabelSelector.requirement(key, Operator.NOT_IN, values());
      case ">" -> LabelSelector.requirement(key, Operator.GREATER_THAN, Set.of(value()));
      case "<" -> LabelSelector.requirement(key, Operator.LESS_THAN, Set.of(value()));
      default -> throw unparsable("found '" + operator + "', expected: " + OPERATORS);
    };
  }

  /** Reads what follows {@code =}; nothing is the empty value. */
  private String value() {
    if (atEnd() || token.equals(",")) {
      return "";
    }
    if (!isIdentifier()) {
      throw unparsable("found '" + token + "', expected: identifier");
    }
    String value = token;
    advance();
    return value;
  }

  /** Reads a set; a value left out before or after a comma is the empty value. */
  private Set<String> values() {
    if (!token.equals("(")) {
      throw unparsable("found '" + token + "' expected: '('");
    }
    advance();
    Set<String> values = new LinkedHashSet<>();
    boolean expectValue = true;
    while (true) {
      if (token.equals(",") || token.equals(")")) {
        if (expectValue) {
          values.add("");
        }
        if (token.equals(")")) {
          advance();
          return values;
        }
        expectValue = true;
      } else if (expectValue && isIdentifier()) {
        values.add(token);
        expectValue = false;
      } else {
        throw unparsable(
            "found '"
                + token
                + "', expected: "
                + (expectValue ? "',', ')' or identifier" : "',' or ')'"));
      }
      advance();
    }
  }

  private boolean atEnd() {
    return token.isEmpty();
  }

  private boolean isIdentifier() {
    return !token.isEmpty() && SPECIAL.indexOf(token.charAt(0)) < 0;
  }

  /** Moves to the next token; the empty token is the end. */
  private void advance() {
    while (position < text.length() && isSpace(text.charAt(position))) {
      position++;
    }
    int start = position;
    if (start == text.length()) {
      token = "";
      return;
    }
    char first = text.charAt(position++);
    if (SPECIAL.indexOf(first) < 0) {
      while (position < text.length()
          && SPECIAL.indexOf(text.charAt(position)) < 0
          && !isSpace(text.charAt(position))) {
        position++;
      }
    } else if ((first == '=' || first == '!')
        && position < text.length()
        && text.charAt(position) == '=') {
      position++;
    }
    token = text.substring(start, position);
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  private static ApiException unparsable(String message) {
    return bad("unable to parse requirement: " + message);
  }

  private static ApiException bad(String message) {
    return Status.badRequest(message).toException();
  }
}
