package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Controller revisions: an earlier state of a workload, which does not change any more. */
final class ControllerRevisionStrategy extends GenericStrategy {
  ControllerRevisionStrategy() {
    super(true, false, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode revision) {
    setDefault(revision, "revision", 0);
  }

  @Override
  void validate(ObjectNode revision, FieldErrors errors) {
    if (!revision.has("data")) {
      errors.required("data", "data is mandatory");
    }
    if (revision.path("revision").asLong() < 0) {
      errors.invalid("revision", revision.get("revision"), "must be greater than or equal to 0");
    }
  }

  @Override
  void validateUpdate(ObjectNode revision, ObjectNode old, String subresource, FieldErrors errors) {
    validate(revision, errors);
    errors.immutable("data", revision.path("data"), old.path("data"));
  }
}
