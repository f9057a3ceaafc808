package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import java.util.List;

/** Checks that a tree is an object of a type, as decoding into the type would. */
final class ObjectShape {
  private static final List<String> STRINGS =
      List.of(
          "name",
          "generateName",
          "namespace",
          "uid",
          "resourceVersion",
          "creationTimestamp",
          "deletionTimestamp");
  private static final List<String> MAPS = List.of("labels", "annotations");

  private ObjectShape() {}

  /**
   * Returns when kind, version and metadata are those of an object of the type; kind and version
   * may be left out.
   *
   * @throws ApiException 400 when they aren't
   */
  static void check(ResourceType type, ObjectNode object) {
    String kind = object.path("kind").asText("");
    String apiVersion = object.path("apiVersion").asText("");
    if (!apiVersion.isEmpty() && !apiVersion.equals(type.apiVersion())) {
      throw badRequest(
          "the API version in the data ("
              + apiVersion
              + ") does not match the expected API version ("
              + type.apiVersion()
              + ")");
    }
    if (!kind.isEmpty() && !kind.equals(type.kind())) {
      throw badRequest(
          kind
              + " in version \""
              + type.version()
              + "\" cannot be handled as a "
              + type.kind()
              + ": the object's kind must be "
              + type.kind());
    }
    JsonNode meta = object.get("metadata");
    if (meta == null || meta.isNull()) {
      return;
    }
    expect(type, "metadata", meta, JsonNodeType.OBJECT);
    for (String field : STRINGS) {
      expect(type, "metadata." + field, meta.get(field), JsonNodeType.STRING);
    }
    for (String field : MAPS) {
      expect(type, "metadata." + field, meta.get(field), JsonNodeType.OBJECT);
      for (var entry : meta.path(field).properties()) {
        expect(
            type,
            "metadata." + field + "." + entry.getKey(),
            entry.getValue(),
            JsonNodeType.STRING);
      }
    }
    items(type, "finalizers", meta, JsonNodeType.STRING);
    items(type, "ownerReferences", meta, JsonNodeType.OBJECT);
    for (String field : List.of("spec", "status")) {
      expect(type, field, object.get(field), JsonNodeType.OBJECT);
    }
  }

  private static void items(ResourceType type, String field, JsonNode meta, JsonNodeType expected) {
    expect(type, "metadata." + field, meta.get(field), JsonNodeType.ARRAY);
    for (JsonNode item : meta.path(field)) {
      expect(type, "metadata." + field, item, expected);
    }
  }

  private static void expect(
      ResourceType type, String field, JsonNode value, JsonNodeType expected) {
    if (value != null && !value.isNull() && value.getNodeType() != expected) {
      throw badRequest(
          type.kind()
              + " in version \""
              + type.version()
              + "\" cannot be handled as a "
              + type.kind()
              + ": cannot read "
              + value.getNodeType().name().toLowerCase(java.util.Locale.ROOT)
              + " as "
              + field
              + ", which is of type "
              + expected.name().toLowerCase(java.util.Locale.ROOT));
    }
  }

  private static ApiException badRequest(String message) {
    return Status.badRequest(message).toException();
  }
}
