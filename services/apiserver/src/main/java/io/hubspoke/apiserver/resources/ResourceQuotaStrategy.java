package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/**
 * ResourceQuotas: how much a namespace may use. Stored and validated; nothing of ours enforces them
 * when objects are made, nor counts what is used.
 */
final class ResourceQuotaStrategy extends GenericStrategy {
  private static final List<String> SCOPES =
      List.of(
          "BestEffort",
          "CrossNamespacePodAffinity",
          "NotBestEffort",
          "NotTerminating",
          "PriorityClass",
          "Terminating",
          "VolumeAttributesClass");

  ResourceQuotaStrategy() {
    super(true, true, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode quota) {
    object(quota, "spec");
    object(quota, "status");
  }

  @Override
  void validate(ObjectNode quota, FieldErrors errors) {
    Quantities.validate(quota.path("spec").path("hard"), "spec.hard", errors);
    scopes(quota.path("spec").path("scopes"), errors);
  }

  private static void scopes(JsonNode scopes, FieldErrors errors) {
    for (JsonNode scope : scopes) {
      if (!SCOPES.contains(scope.asText(""))) {
        errors.invalid("spec.scopes", scopes, "unsupported scope");
      }
    }
    for (List<String> pair :
        List.of(List.of("BestEffort", "NotBestEffort"), List.of("Terminating", "NotTerminating"))) {
      if (contains(scopes, pair.getFirst()) && contains(scopes, pair.getLast())) {
        errors.invalid("spec.scopes", scopes, "conflicting scopes");
      }
    }
  }

  private static boolean contains(JsonNode scopes, String scope) {
    for (JsonNode one : scopes) {
      if (one.asText().equals(scope)) {
        return true;
      }
    }
    return false;
  }

  @Override
  void validateUpdate(ObjectNode quota, ObjectNode old, String subresource, FieldErrors errors) {
    if (subresource.equals("status")) {
      for (String list : List.of("hard", "used")) {
        Quantities.validate(quota.path("status").path(list), "status." + list, errors);
      }
      return;
    }
    validate(quota, errors);
    errors.immutable(
        "spec.scopes", quota.path("spec").path("scopes"), old.path("spec").path("scopes"));
  }
}
