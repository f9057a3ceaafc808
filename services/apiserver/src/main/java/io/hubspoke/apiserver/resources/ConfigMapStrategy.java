package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** ConfigMaps: keyed text, at most a megabyte, frozen once it is marked immutable. */
final class ConfigMapStrategy extends GenericStrategy {
  static final int MAX_BYTES = 1024 * 1024;

  ConfigMapStrategy() {
    super(true, false, Map.of());
  }

  @Override
  void validate(ObjectNode map, FieldErrors errors) {
    long bytes = 0;
    for (String field : List.of("data", "binaryData")) {
      for (var entry : map.path(field).properties()) {
        String path = field + "[" + entry.getKey() + "]";
        errors.invalid(path, entry.getKey(), Names.configMapKey(entry.getKey()));
        if (field.equals("binaryData")) {
          if (map.path("data").has(entry.getKey())) {
            errors.invalid(path, entry.getKey(), "duplicate of key present in data");
          }
        }
        bytes += entry.getValue().asText().length();
      }
    }
    if (bytes > MAX_BYTES) {
      errors.tooLong("", MAX_BYTES);
    }
  }

  @Override
  void validateUpdate(ObjectNode map, ObjectNode old, String subresource, FieldErrors errors) {
    frozen(map, old, List.of("data", "binaryData"), errors);
    validate(map, errors);
  }

  /** Checks that what is marked immutable stays as it is, the mark included. */
  static void frozen(ObjectNode object, ObjectNode old, List<String> fields, FieldErrors errors) {
    if (!old.path("immutable").asBoolean()) {
      return;
    }
    if (!object.path("immutable").asBoolean()) {
      errors.forbidden("immutable", "field is immutable when `immutable` is set");
    }
    for (String field : fields) {
      JsonNode before = old.path(field);
      JsonNode now = object.path(field);
      if (!(before.isEmpty() && now.isEmpty()) && !before.equals(now)) {
        errors.forbidden(field, "field is immutable when `immutable` is set");
      }
    }
  }
}
