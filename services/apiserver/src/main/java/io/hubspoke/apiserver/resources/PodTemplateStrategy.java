package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Pod templates that stand alone. */
final class PodTemplateStrategy extends GenerationStrategy {
  PodTemplateStrategy() {
    super(true, false, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode object) {
    PodTemplateRules.applyDefaults(object);
  }

  @Override
  void validate(ObjectNode object, FieldErrors errors) {
    PodTemplateRules.validate(object.path("template"), "template", errors);
  }
}
