package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** CSIDrivers: what a storage driver wants of the cluster. */
final class CsiDriverStrategy extends GenerationStrategy {
  private static final List<String> GROUP_POLICIES =
      List.of("File", "None", "ReadWriteOnceWithFSType");
  private static final List<String> MODES = List.of("Ephemeral", "Persistent");
  private static final int SHORTEST_TOKEN_SECONDS = 600;

  CsiDriverStrategy() {
    super(false, false, Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void applyDefaults(ObjectNode driver) {
    ObjectNode spec = object(driver, "spec");
    setDefault(spec, "attachRequired", true);
    setDefault(spec, "podInfoOnMount", false);
    setDefault(spec, "requiresRepublish", false);
    setDefault(spec, "seLinuxMount", false);
    setDefault(spec, "storageCapacity", false);
    setDefault(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    if (isEmpty(spec.get("volumeLifecycleModes"))) {
      spec.putArray("volumeLifecycleModes").add("Persistent");
    }
  }

  private static void setDefault(ObjectNode spec, String field, boolean value) {
    if (!spec.has(field)) {
      spec.put(field, value);
    }
  }

  @Override
  void validate(ObjectNode driver, FieldErrors errors) {
    CsiNames.validate(Meta.name(driver), "name", errors);
    JsonNode spec = driver.path("spec");
    PodValidation.oneOf(spec, "fsGroupPolicy", "spec", GROUP_POLICIES, errors);
    JsonNode modes = spec.path("volumeLifecycleModes");
    for (int i = 0; i < modes.size(); i++) {
      if (!MODES.contains(modes.get(i).asText(""))) {
        errors.notSupported("spec.volumeLifecycleModes", modes.get(i), MODES);
      }
    }
    Set<String> audiences = new HashSet<>();
    JsonNode tokens = spec.path("tokenRequests");
    for (int i = 0; i < tokens.size(); i++) {
      String path = "spec.tokenRequests[" + i + "]";
      String audience = tokens.get(i).path("audience").asText("");
      if (!audiences.add(audience)) {
        errors.duplicate(path + ".audience", audience);
      }
      JsonNode seconds = tokens.get(i).path("expirationSeconds");
      if (seconds.isNumber() && seconds.asLong() < SHORTEST_TOKEN_SECONDS) {
        errors.invalid(
            path + ".expirationSeconds",
            seconds,
            "may not specify a duration less than 10 minutes");
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode driver, ObjectNode old, String subresource, FieldErrors errors) {
    validate(driver, errors);
    for (String field : List.of("attachRequired", "volumeLifecycleModes")) {
      errors.immutable(
          "spec." + field, driver.path("spec").path(field), old.path("spec").path(field));
    }
  }
}
