package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** CSIStorageCapacities: how much storage of a class there is in a part of the cluster. */
final class CsiStorageCapacityStrategy extends GenericStrategy {
  CsiStorageCapacityStrategy() {
    super(true, false, Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void validate(ObjectNode capacity, FieldErrors errors) {
    String storageClass = capacity.path("storageClassName").asText("");
    if (storageClass.isEmpty()) {
      errors.required("storageClassName", "");
    } else {
      errors.invalid("storageClassName", storageClass, Names.dns1123Subdomain(storageClass));
    }
    LabelSelectorRules.validate(capacity.path("nodeTopology"), "nodeTopology", errors);
    for (String field : List.of("capacity", "maximumVolumeSize")) {
      if (Quantities.amount(capacity.path(field)).filter(a -> a.signum() < 0).isPresent()) {
        errors.invalid(field, capacity.path(field), "must be greater than or equal to 0");
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode capacity, ObjectNode old, String subresource, FieldErrors errors) {
    validate(capacity, errors);
    for (String field : List.of("nodeTopology", "storageClassName")) {
      errors.immutable(field, capacity.path(field), old.path(field));
    }
  }
}
