package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Status.Cause;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Collects the errors of an object's fields in the words that Kubernetes has for them. */
final class FieldErrors {
  private final List<Cause> causes = new ArrayList<>();

  List<Cause> causes() {
    return List.copyOf(causes);
  }

  boolean isEmpty() {
    return causes.isEmpty();
  }

  void required(String path, String detail) {
    add("FieldValueRequired", path, "Required value" + (detail.isEmpty() ? "" : ": " + detail));
  }

  void invalid(String path, Object value, String detail) {
    add("FieldValueInvalid", path, "Invalid value: " + quoted(value) + ": " + detail);
  }

  void invalid(String path, Object value, List<String> details) {
    details.forEach(detail -> invalid(path, value, detail));
  }

  /** Adds an error of a whole, whose value would say nothing. */
  void invalid(String path, String detail) {
    add("FieldValueInvalid", path, "Invalid value: " + detail);
  }

  void duplicate(String path, Object value) {
    add("FieldValueDuplicate", path, "Duplicate value: " + quoted(value));
  }

  void notSupported(String path, Object value, Collection<String> supported) {
    String list =
        supported.stream().sorted().map(FieldErrors::quoted).collect(Collectors.joining(", "));
    add(
        "FieldValueNotSupported",
        path,
        "Unsupported value: " + quoted(value) + ": supported values: " + list);
  }

  void forbidden(String path, String detail) {
    add("FieldValueForbidden", path, "Forbidden: " + detail);
  }

  void tooLong(String path, int most) {
    add("FieldValueTooLong", path, "Too long: may not be more than " + most + " bytes");
  }

  void tooMany(String path, int actual, int most) {
    add(
        "FieldValueTooMany",
        path,
        "Too many: " + actual + ": must have at most " + most + " items");
  }

  /** Refuses a change. */
  void immutable(String path, JsonNode now, JsonNode before) {
    if (!now.equals(before)) {
      invalid(path, now.isMissingNode() ? null : now, "field is immutable");
    }
  }

  void typeInvalid(String path, Object value, String detail) {
    add("FieldValueTypeInvalid", path, "Invalid value: " + quoted(value) + ": " + detail);
  }

  void notFound(String path, Object value) {
    add("FieldValueNotFound", path, "Not found: " + quoted(value));
  }

  private void add(String reason, String path, String message) {
    causes.add(new Cause(reason, message, path));
  }

  private static String quoted(Object value) {
    return switch (value) {
      case null -> "null";
      case JsonNode node when node.isTextual() -> quoted(node.textValue());
      case String text -> '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
      default -> value.toString();
    };
  }
}
