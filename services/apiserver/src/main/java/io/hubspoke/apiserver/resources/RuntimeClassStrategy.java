package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.Map;

/** RuntimeClasses: which handler of a node's runtime runs a pod, and what that costs. */
final class RuntimeClassStrategy extends GenericStrategy {
  RuntimeClassStrategy() {
    super(false, false, Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return false;
  }

  @Override
  void validate(ObjectNode runtimeClass, FieldErrors errors) {
    String handler = runtimeClass.path("handler").asText("");
    errors.invalid("handler", handler, Names.dns1123Label(handler));
    Quantities.validate(
        runtimeClass.path("overhead").path("podFixed"), "overhead.podFixed", errors);
    JsonNode scheduling = runtimeClass.path("scheduling");
    ObjectMetaRules.labels("scheduling.nodeSelector", scheduling.path("nodeSelector"), errors);
    PodValidation.tolerations(scheduling.path("tolerations"), "scheduling.tolerations", errors);
  }

  @Override
  void validateUpdate(
      ObjectNode runtimeClass, ObjectNode old, String subresource, FieldErrors errors) {
    validate(runtimeClass, errors);
    errors.immutable("handler", runtimeClass.path("handler"), old.path("handler"));
  }
}
