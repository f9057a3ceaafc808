package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** IngressClasses: which controller an ingress belongs to, for ever. */
final class IngressClassStrategy extends GenerationStrategy {
  private static final int LONGEST_CONTROLLER = 250;

  IngressClassStrategy() {
    super(false, false, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode ingressClass) {
    if (object(ingressClass, "spec").get("parameters") instanceof ObjectNode parameters) {
      setDefault(parameters, "scope", "Cluster");
    }
  }

  @Override
  void validate(ObjectNode ingressClass, FieldErrors errors) {
    String controller = ingressClass.path("spec").path("controller").asText("");
    if (controller.isEmpty()) {
      errors.required("spec.controller", "");
    } else if (controller.length() > LONGEST_CONTROLLER) {
      errors.tooLong("spec.controller", LONGEST_CONTROLLER);
    } else {
      controller(controller, errors);
    }
    JsonNode parameters = ingressClass.path("spec").path("parameters");
    if (parameters.isObject()) {
      parameters(parameters, errors);
    }
  }

  private static void controller(String controller, FieldErrors errors) {
    int slash = controller.indexOf('/');
    if (slash <= 0 || slash == controller.length() - 1) {
      errors.invalid(
          "spec.controller",
          controller,
          "must be a domain-prefixed path (such as \"acme.io/foo\")");
    } else {
      errors.invalid(
          "spec.controller", controller, Names.dns1123Subdomain(controller.substring(0, slash)));
    }
  }

  private static void parameters(JsonNode parameters, FieldErrors errors) {
    for (String field : List.of("kind", "name")) {
      if (parameters.path(field).asText("").isEmpty()) {
        errors.required("spec.parameters." + field, field + " is required");
      }
    }
    String namespace = parameters.path("namespace").asText("");
    String scope = parameters.path("scope").asText("");
    switch (scope) {
      case "Namespace" -> {
        if (namespace.isEmpty()) {
          errors.required(
              "spec.parameters.namespace",
              "`namespace` is required when `scope` is set to 'Namespace'");
        }
      }
      case "Cluster" -> {
        if (!namespace.isEmpty()) {
          errors.forbidden(
              "spec.parameters.namespace",
              "`namespace` should not be set when `scope` is set to 'Cluster'");
        }
      }
      default ->
          errors.notSupported("spec.parameters.scope", scope, List.of("Cluster", "Namespace"));
    }
  }

  @Override
  void validateUpdate(
      ObjectNode ingressClass, ObjectNode old, String subresource, FieldErrors errors) {
    errors.immutable(
        "spec.controller",
        ingressClass.path("spec").path("controller"),
        old.path("spec").path("controller"));
    validate(ingressClass, errors);
  }
}
