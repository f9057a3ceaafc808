package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;

/** Validates numbers that fields hold. */
final class FieldNumbers {
  private FieldNumbers() {}

  /** Adds an error when a field is below 0; an absent one is not. */
  static void nonNegative(JsonNode object, String field, String path, FieldErrors errors) {
    if (object.path(field).asLong() < 0) {
      errors.invalid(path + "." + field, object.get(field), "must be greater than or equal to 0");
    }
  }
}
