package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.function.Function;

/** What workloads have in common: a status that controllers write, and counted generations. */
abstract class WorkloadStrategy extends GenerationStrategy {
  private final StatusCounts counts;

  /**
   * @param counts the numbers of the status
   * @param fields what field selectors may name beside metadata
   */
  WorkloadStrategy(StatusCounts counts, Map<String, Function<ObjectNode, String>> fields) {
    super(true, true, fields);
    this.counts = counts;
  }

  /** Fills in what the spec leaves out. */
  abstract void defaultSpec(ObjectNode object, ObjectNode spec);

  abstract void validateSpec(ObjectNode object, JsonNode spec, FieldErrors errors);

  /** Validates what may not change, after the spec itself. */
  void validateChange(ObjectNode object, ObjectNode old, FieldErrors errors) {}

  /** Validates a status beyond its numbers. */
  void validateStatus(ObjectNode object, ObjectNode old, FieldErrors errors) {}

  @Override
  final void applyDefaults(ObjectNode object) {
    defaultSpec(object, object(object, "spec"));
    counts.complete(object);
  }

  @Override
  final void validate(ObjectNode object, FieldErrors errors) {
    validateSpec(object, object.path("spec"), errors);
  }

  @Override
  final void validateUpdate(
      ObjectNode object, ObjectNode old, String subresource, FieldErrors errors) {
    if (subresource.isEmpty()) {
      validateSpec(object, object.path("spec"), errors);
      validateChange(object, old, errors);
    } else {
      counts.validate(object.path("status"), old.path("status"), errors);
      validateStatus(object, old, errors);
    }
  }

  /** Adds an error when a field of the spec is not as it was. */
  static void immutable(ObjectNode object, ObjectNode old, String field, FieldErrors errors) {
    JsonNode before = old.path("spec").path(field);
    errors.immutable("spec." + field, object.path("spec").path(field), before);
  }

  /** Makes a getter of a number for field selectors, to which an absent one is 0. */
  static Function<ObjectNode, String> number(String... path) {
    Function<ObjectNode, String> text = at(path);
    return object -> {
      String value = text.apply(object);
      return value.isEmpty() ? "0" : value;
    };
  }
}
