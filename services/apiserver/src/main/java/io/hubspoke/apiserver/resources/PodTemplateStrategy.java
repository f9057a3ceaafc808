package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.Map;

/** Pod templates that stand alone. */
final class PodTemplateStrategy extends GenericStrategy {
  PodTemplateStrategy() {
    super(true, false, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode object) {
    PodTemplateRules.applyDefaults(object);
  }

  @Override
  void begin(ObjectNode object, Requester requester) {
    Meta.of(object).put("generation", 1);
  }

  @Override
  void change(ObjectNode object, ObjectNode old, String subresource, Requester requester) {
    if (!object.path("template").equals(old.path("template"))) {
      Meta.of(object).put("generation", old.path("metadata").path("generation").asLong() + 1);
    }
  }

  @Override
  void validate(ObjectNode object, FieldErrors errors) {
    PodTemplateRules.validate(object.path("template"), "template", errors);
  }
}
