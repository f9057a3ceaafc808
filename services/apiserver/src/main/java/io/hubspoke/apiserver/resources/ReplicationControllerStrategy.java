package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Replication controllers, whose selector is a map that the template's labels stand in for. */
final class ReplicationControllerStrategy extends WorkloadStrategy {
  ReplicationControllerStrategy() {
    super(ReplicaSetStrategy.counts(), Map.of("status.replicas", number("status", "replicas")));
  }

  /** As it was when clients themselves deleted what it had made. */
  @Override
  public DependentsPolicy dependentsPolicy() {
    return DependentsPolicy.ORPHAN;
  }

  @Override
  void defaultSpec(ObjectNode controller, ObjectNode spec) {
    setDefault(spec, "replicas", 1);
    if (!(spec.get("template") instanceof ObjectNode template)) {
      return;
    }
    PodTemplateRules.applyDefaults(spec);
    JsonNode labels = template.path("metadata").path("labels");
    if (!labels.isEmpty()) {
      if (isEmpty(spec.get("selector"))) {
        spec.set("selector", labels.deepCopy());
      }
      if (controller.path("metadata").path("labels").isEmpty()) {
        object(controller, "metadata").set("labels", labels.deepCopy());
      }
    }
  }

  @Override
  void validateSpec(ObjectNode controller, JsonNode spec, FieldErrors errors) {
    FieldNumbers.nonNegative(spec, "minReadySeconds", "spec", errors);
    JsonNode selector = spec.path("selector");
    if (selector.isEmpty()) {
      errors.required("spec.selector", "");
    }
    FieldNumbers.nonNegative(spec, "replicas", "spec", errors);
    JsonNode template = spec.path("template");
    if (template.isMissingNode()) {
      errors.required("spec.template", "");
      return;
    }
    JsonNode labels = template.path("metadata").path("labels");
    for (var term : selector.properties()) {
      if (!term.getValue().equals(labels.get(term.getKey()))) {
        PodTemplateRules.mismatch(labels, "spec", errors);
        break;
      }
    }
    PodTemplateRules.validate(template, "spec.template", errors);
    PodTemplateRules.alwaysRestarts(template, "spec.template", "ReplicationController", errors);
  }
}
