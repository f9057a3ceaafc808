package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** PersistentVolumeClaims: what storage a pod asks for; later it may only ask for more. */
final class PersistentVolumeClaimStrategy extends GenericStrategy {
  PersistentVolumeClaimStrategy() {
    super(true, true, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode claim) {
    ObjectNode spec = object(claim, "spec");
    setDefault(spec, "volumeMode", "Filesystem");
    object(spec, "resources");
    setDefault(object(claim, "status"), "phase", "Pending");
  }

  @Override
  void validate(ObjectNode claim, FieldErrors errors) {
    validateSpec(claim.path("spec"), "spec", errors);
  }

  /** Validates a claim's spec, also that of a template. */
  static void validateSpec(JsonNode spec, String path, FieldErrors errors) {
    PersistentVolumeStrategy.accessModes(spec.path("accessModes"), path + ".accessModes", errors);
    LabelSelectorRules.validate(spec.path("selector"), path + ".selector", errors);
    JsonNode storage = spec.path("resources").path("requests").path("storage");
    if (storage.isMissingNode()) {
      errors.required(path + ".resources[storage]", "");
    } else if (Quantities.amount(storage).filter(a -> a.signum() <= 0).isPresent()) {
      errors.invalid(path + ".resources[storage]", storage, "must be greater than zero");
    }
    String storageClass = spec.path("storageClassName").asText("");
    if (!storageClass.isEmpty()) {
      errors.invalid(
          path + ".storageClassName", storageClass, Names.dns1123Subdomain(storageClass));
    }
    PodValidation.oneOf(spec, "volumeMode", path, PersistentVolumeStrategy.VOLUME_MODES, errors);
  }

  @Override
  void validateUpdate(ObjectNode claim, ObjectNode old, String subresource, FieldErrors errors) {
    if (!subresource.isEmpty()) {
      return;
    }
    validate(claim, errors);
    ObjectNode spec = claim.path("spec").deepCopy();
    JsonNode before = old.path("spec");
    // The volume is filled in once, by the controller that binds the claim.
    for (String once : List.of("volumeName", "storageClassName")) {
      if (isEmpty(before.get(once))) {
        spec.remove(once);
      }
    }
    boolean bound = old.path("status").path("phase").asText().equals("Bound");
    if (bound) {
      keep(spec, (ObjectNode) before, "volumeAttributesClassName");
      keep(object(spec, "resources"), (ObjectNode) before.path("resources"), "requests");
    }
    if (!spec.equals(before)) {
      errors.forbidden(
          "spec",
          "spec is immutable after creation except resources.requests and"
              + " volumeAttributesClassName for bound claims");
    } else if (bound) {
      notShrunk(claim, old, errors);
    }
  }

  private static void notShrunk(ObjectNode claim, ObjectNode old, FieldErrors errors) {
    Optional<BigDecimal> now = requested(claim);
    Optional<BigDecimal> before = requested(old);
    Optional<BigDecimal> has =
        Quantities.amount(old.path("status").path("capacity").path("storage"));
    if (now.isPresent()
        && before.isPresent()
        && now.get().compareTo(before.get()) < 0
        && has.filter(h -> now.get().compareTo(h) <= 0).isPresent()) {
      errors.forbidden(
          "spec.resources.requests.storage", "field can not be less than status.capacity");
    }
  }

  private static Optional<BigDecimal> requested(ObjectNode claim) {
    return Quantities.amount(claim.path("spec").path("resources").path("requests").path("storage"));
  }
}
