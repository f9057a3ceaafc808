package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Validates events as they are stored. What has an {@code eventTime} was reported by the newer API
 * and must say who did what and why.
 */
final class EventRules {
  private static final int LONGEST_WORD = 128;
  private static final int LONGEST_NOTE = 1024;

  /** What the newer API has for readers alone. */
  private static final List<String> DEPRECATED =
      List.of("source", "firstTimestamp", "lastTimestamp", "count");

  /** What a later report of the same event may not change. */
  private static final List<String> IMMUTABLE =
      List.of(
          "involvedObject",
          "reason",
          "message",
          "source",
          "firstTimestamp",
          "lastTimestamp",
          "count",
          "type",
          "eventTime",
          "action",
          "related",
          "reportingComponent",
          "reportingInstance");

  private EventRules() {}

  /**
   * Returns what field selectors may name in both versions.
   *
   * @param subject the field that refers to the object which the event is about
   * @param reporter the field that names who reported it
   */
  static Map<String, Function<ObjectNode, String>> fields(String subject, String reporter) {
    Map<String, Function<ObjectNode, String>> fields = new HashMap<>();
    for (String field :
        List.of("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")) {
      fields.put(subject + "." + field, GenericStrategy.at(subject, field));
    }
    for (String field : List.of("reason", reporter, "type")) {
      fields.put(field, GenericStrategy.at(field));
    }
    return fields;
  }

  /**
   * Validates what both versions ask for.
   *
   * @param reporter how the version calls the reporting component
   */
  static void validate(ObjectNode event, String reporter, FieldErrors errors) {
    String about = event.path("involvedObject").path("namespace").asText("");
    String own = Meta.namespace(event);
    // An event about a cluster-scoped object lives in default.
    boolean fits =
        about.isEmpty() ? own.equals("default") || own.equals("kube-system") : about.equals(own);
    if (!fits) {
      errors.invalid("involvedObject.namespace", about, "does not match event.namespace");
    }
    if (text(event, "eventTime").isEmpty()) {
      return;
    }
    String component = text(event, "reportingComponent");
    if (component.isEmpty()) {
      errors.required(reporter, "");
    }
    errors.invalid(reporter, component, Names.qualifiedName(component));
    word(event, "reportingInstance", errors);
    word(event, "action", errors);
    word(event, "reason", errors);
    if (text(event, "message").length() > LONGEST_NOTE) {
      errors.invalid("message", "", "can have at most " + LONGEST_NOTE + " characters");
    }
  }

  /** Validates what the newer version asks for beyond that. */
  static void validateNewer(ObjectNode event, FieldErrors errors) {
    if (text(event, "eventTime").isEmpty()) {
      errors.required("eventTime", "");
    }
    String type = text(event, "type");
    if (type.isEmpty()) {
      errors.required("type", "");
    } else if (!type.equals("Normal") && !type.equals("Warning")) {
      errors.invalid("type", "", "has invalid value: " + type);
    }
    for (String field : DEPRECATED) {
      if (!isUnset(event, field)) {
        errors.invalid(field, event.get(field), "needs to be unset");
      }
    }
    if (event.has("series")) {
      if (event.path("series").path("count").asInt() < 2) {
        errors.invalid("series.count", "", "should be at least 2");
      }
      if (text((ObjectNode) event.get("series"), "lastObservedTime").isEmpty()) {
        errors.required("series.lastObservedTime", "");
      }
    }
  }

  /** Validates a change by the newer version: only the series goes on. */
  static void validateNewerUpdate(ObjectNode event, ObjectNode old, FieldErrors errors) {
    for (String field : IMMUTABLE) {
      if (!event.path(field).equals(old.path(field))) {
        errors.invalid(field, event.get(field), "field is immutable");
      }
    }
  }

  private static void word(ObjectNode event, String field, FieldErrors errors) {
    String value = text(event, field);
    if (value.isEmpty()) {
      errors.required(field, "");
    } else if (value.length() > LONGEST_WORD) {
      errors.invalid(field, "", "can have at most " + LONGEST_WORD + " characters");
    }
  }

  private static boolean isUnset(ObjectNode event, String field) {
    return GenericStrategy.isEmpty(event.get(field)) || event.path(field).asText().equals("0");
  }

  private static String text(ObjectNode event, String field) {
    return event.path(field).asText("");
  }
}
