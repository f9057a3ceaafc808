package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The numbers of a kind's status: which are always written, and what they may be. */
final class StatusCounts {
  private record Limit(String field, String most, String message) {}

  private final List<String> always;
  private final List<String> others;
  private final List<Limit> limits = new ArrayList<>();

  private StatusCounts(List<String> always, List<String> others) {
    this.always = always;
    this.others = others;
  }

  /** Names the numbers that are written even when they are 0. */
  static StatusCounts always(String... fields) {
    return new StatusCounts(List.of(fields), List.of());
  }

  /** Names the numbers that may be left out. */
  StatusCounts optional(String... fields) {
    return new StatusCounts(always, List.of(fields));
  }

  /** Requires these not to exceed {@code status.replicas}. */
  StatusCounts withinReplicas(String... fields) {
    for (String field : fields) {
      limits.add(new Limit(field, "replicas", "cannot be greater than status.replicas"));
    }
    return this;
  }

  /** Requires a number not to exceed another one; the message says so. */
  StatusCounts within(String field, String most, String message) {
    limits.add(new Limit(field, most, message));
    return this;
  }

  void complete(ObjectNode object) {
    if (!always.isEmpty()) {
      ObjectNode status = GenericStrategy.object(object, "status");
      always.forEach(field -> GenericStrategy.setDefault(status, field, 0));
    }
  }

  void validate(JsonNode status, JsonNode old, FieldErrors errors) {
    for (List<String> fields : List.of(always, others)) {
      for (String field : fields) {
        FieldNumbers.nonNegative(status, field, "status", errors);
      }
    }
    for (Limit limit : limits) {
      if (status.path(limit.field).asLong() > status.path(limit.most).asLong()) {
        errors.invalid("status." + limit.field, status.path(limit.field), limit.message);
      }
    }
    if (status.path("collisionCount").asLong() < old.path("collisionCount").asLong()) {
      errors.invalid(
          "status.collisionCount", status.path("collisionCount").asLong(), "cannot be decremented");
    }
  }
}
