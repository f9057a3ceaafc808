package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Completes and validates the template from which a workload makes its pods. */
final class PodTemplateRules {
  private PodTemplateRules() {}

  /** Fills in a template, made when it is absent, as the pods made from it would be. */
  static void applyDefaults(ObjectNode owner) {
    ObjectNode template = GenericStrategy.object(owner, "template");
    GenericStrategy.object(template, "metadata");
    PodDefaults.applyToTemplate(GenericStrategy.object(template, "spec"));
  }

  /** Validates a template's metadata and pod. */
  static void validate(JsonNode template, String path, FieldErrors errors) {
    validateMetadata(template, path, errors);
    JsonNode spec = template.path("spec");
    if (!spec.path("ephemeralContainers").isEmpty()) {
      errors.forbidden(
          path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
    }
    PodValidation.validate(spec, path + ".spec", errors);
  }

  // Kubernetes leaves "metadata" out of these two paths, and clients have learnt to expect it.
  static void validateMetadata(JsonNode template, String path, FieldErrors errors) {
    JsonNode metadata = template.path("metadata");
    ObjectMetaRules.labels(path + ".labels", metadata.path("labels"), errors);
    ObjectMetaRules.annotations(path + ".annotations", metadata.path("annotations"), errors);
  }

  /** Requires that pods made from the template run until they are deleted. */
  static void alwaysRestarts(JsonNode template, String path, String kind, FieldErrors errors) {
    JsonNode spec = template.path("spec");
    String policy = spec.path("restartPolicy").asText("");
    if (!policy.equals("Always")) {
      errors.notSupported(path + ".spec.restartPolicy", policy, List.of("Always"));
    }
    if (spec.has("activeDeadlineSeconds")) {
      errors.forbidden(
          path + ".spec.activeDeadlineSeconds",
          "activeDeadlineSeconds in " + kind + " is not Supported");
    }
  }

  /**
   * Validates the selector of a workload's spec, which must ask for something, and that it selects
   * the template's pods.
   *
   * @param kind as the error of an empty selector names it
   */
  static void selects(JsonNode spec, String path, String kind, FieldErrors errors) {
    JsonNode selector = spec.path("selector");
    if (selector.isMissingNode()) {
      errors.required(path + ".selector", "");
      return;
    }
    boolean valid = LabelSelectorRules.validate(selector, path + ".selector", errors);
    if (LabelSelectorRules.isEmpty(selector)) {
      errors.invalid(path + ".selector", selector, "empty selector is invalid for " + kind);
    } else if (valid) {
      matches(spec, path, errors);
    }
  }

  /** Validates that a valid selector selects the template's pods. */
  static void matches(JsonNode spec, String path, FieldErrors errors) {
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (!LabelSelectorRules.matches(spec.path("selector"), labels)) {
      mismatch(labels, path, errors);
    }
  }

  static void mismatch(JsonNode labels, String path, FieldErrors errors) {
    errors.invalid(
        path + ".template.metadata.labels",
        labels.isMissingNode() ? null : labels,
        "`selector` does not match template `labels`");
  }
}
