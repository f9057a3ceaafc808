package io.hubspoke.api;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Selects objects by fields, such as {@code spec.nodeName=n1,status.phase!=Running}. */
public record FieldSelector(List<Term> terms) {
  public static final FieldSelector EVERYTHING = new FieldSelector(List.of());

  /** One comparison. */
  public record Term(String field, String value, boolean negated) {}

  public FieldSelector {
    terms = List.copyOf(terms);
  }

  /**
   * Reads the string form; {@code \,}, {@code \=} and {@code \\} stand for the character.
   *
   * @throws ApiException 400 when it is malformed
   */
  public static FieldSelector parse(String text) {
    if (text.isEmpty()) {
      return EVERYTHING;
    }
    List<Term> terms = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == ',') {
        if (i > start) {
          terms.add(term(text, text.substring(start, i)));
        }
        start = i + 1;
      } else if (text.charAt(i) == '\\' && i + 1 < text.length()) {
        i++;
      }
    }
    return new FieldSelector(terms);
  }

  /** Returns whether every term holds for the values that {@code lookup} gives. */
  public boolean matches(UnaryOperator<String> lookup) {
    for (Term term : terms) {
      if (term.value.equals(lookup.apply(term.field)) == term.negated) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether nothing is asked for. */
  public boolean isEmpty() {
    return terms.isEmpty();
  }

  private static Term term(String selector, String term) {
    for (int i = 0; i < term.length(); i++) {
      char c = term.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '!' && i + 1 < term.length() && term.charAt(i + 1) == '=') {
        return new Term(term.substring(0, i), unescape(term.substring(i + 2)), true);
      } else if (c == '=') {
        int value = i + 1 < term.length() && term.charAt(i + 1) == '=' ? i + 2 : i + 1;
        return new Term(term.substring(0, i), unescape(term.substring(value)), false);
      }
    }
    throw Status.badRequest("invalid selector: '" + selector + "'; can't understand '" + term + "'")
        .toException();
  }

  private static String unescape(String value) {
    StringBuilder plain = new StringBuilder(value.length());
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '=') {
        throw Status.badRequest("invalid field selector: unescaped character in value: =")
            .toException();
      }
      if (c == '\\') {
        i++;
        if (i == value.length() || "\\,=".indexOf(value.charAt(i)) < 0) {
          throw Status.badRequest(
                  "invalid field selector: invalid escape sequence: "
                      + value.substring(i - 1, Math.min(i + 1, value.length())))
              .toException();
        }
        c = value.charAt(i);
      }
      plain.append(c);
    }
    return plain.toString();
  }
}
