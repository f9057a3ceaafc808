package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;

/** Validates what is a number of pods or a share of them, such as {@code 1} and {@code "25%"}. */
final class IntOrPercent {
  private static final String NO_PERCENT =
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or"
          + " '93%', regex used for validation is '[0-9]+%')";

  private IntOrPercent() {}

  /** Adds the errors of a value that must not be negative. */
  static void validate(JsonNode value, String path, FieldErrors errors) {
    if (value.isTextual()) {
      if (!isPercent(value.textValue())) {
        errors.invalid(path, value, NO_PERCENT);
      }
    } else if (value.asLong() < 0) {
      errors.invalid(path, value, "must be greater than or equal to 0");
    }
  }

  /** Adds an error when the value is a share of more than all. */
  static void atMostAll(JsonNode value, String path, FieldErrors errors) {
    if (value.isTextual() && isPercent(value.textValue()) && number(value) > 100) {
      errors.invalid(path, value, "must not be greater than 100%");
    }
  }

  /** Returns the number, or that of the share; 0 for what is neither. */
  static long number(JsonNode value) {
    if (!value.isTextual()) {
      return value.asLong();
    }
    String text = value.textValue();
    String digits = isPercent(text) ? text.substring(0, text.length() - 1) : text;
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      return isPercent(text) ? Long.MAX_VALUE : 0;
    }
  }

  private static boolean isPercent(String text) {
    return text.length() > 1
        && text.endsWith("%")
        && text.chars().limit(text.length() - 1L).allMatch(c -> c >= '0' && c <= '9');
  }
}
