package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** StorageClasses: who provides volumes and how; only who may have them changes later. */
final class StorageClassStrategy extends GenericStrategy {
  private static final List<String> RECLAIM = List.of("Delete", "Retain");
  private static final List<String> BINDING = List.of("Immediate", "WaitForFirstConsumer");

  StorageClassStrategy() {
    super(false, false, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode storageClass) {
    setDefault(storageClass, "reclaimPolicy", "Delete");
    setDefault(storageClass, "volumeBindingMode", "Immediate");
  }

  @Override
  void validate(ObjectNode storageClass, FieldErrors errors) {
    String provisioner = storageClass.path("provisioner").asText("");
    if (provisioner.isEmpty()) {
      errors.required("provisioner", "");
    } else {
      errors.invalid(
          "provisioner", provisioner, Names.qualifiedName(provisioner.toLowerCase(Locale.ROOT)));
    }
    storageClass
        .path("parameters")
        .properties()
        .forEach(
            e -> {
              if (e.getKey().isEmpty()) {
                errors.invalid("parameters", "", "field can not be empty.");
              }
            });
    supported(storageClass, "reclaimPolicy", RECLAIM, errors);
    supported(storageClass, "volumeBindingMode", BINDING, errors);
    JsonNode topologies = storageClass.path("allowedTopologies");
    for (int i = 0; i < topologies.size(); i++) {
      JsonNode terms = topologies.get(i).path("matchLabelExpressions");
      for (int t = 0; t < terms.size(); t++) {
        String path = "allowedTopologies[" + i + "].matchLabelExpressions[" + t + "]";
        String key = terms.get(t).path("key").asText("");
        errors.invalid(path + ".key", key, Names.qualifiedName(key));
        if (terms.get(t).path("values").isEmpty()) {
          errors.required(path + ".values", "");
        }
      }
    }
  }

  private static void supported(
      ObjectNode storageClass, String field, List<String> values, FieldErrors errors) {
    String value = storageClass.path(field).asText("");
    if (!values.contains(value)) {
      errors.notSupported(field, value, values);
    }
  }

  @Override
  void validateUpdate(
      ObjectNode storageClass, ObjectNode old, String subresource, FieldErrors errors) {
    validate(storageClass, errors);
    for (String field : List.of("parameters", "provisioner", "reclaimPolicy")) {
      if (!storageClass.path(field).equals(old.path(field))) {
        errors.forbidden(field, "updates to " + field + " are forbidden.");
      }
    }
    errors.immutable(
        "volumeBindingMode", storageClass.path("volumeBindingMode"), old.path("volumeBindingMode"));
  }
}
