package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import java.util.Map;

/**
 * The types of the fields of a kind, as far as the components rely on them: what a typed decoder
 * would refuse is refused, unknown fields are kept, and nulls are dropped, being absent fields.
 *
 * <p>Written as {@code spec{nodeName:string,containers[]{name:string},labels%:string}}, where
 * {@code []} makes an array and {@code %} a map.
 */
sealed interface Shape {

  /** A value that has no fields that are known, and what to call it. */
  enum Scalar implements Shape {
    STRING("string"),
    INTEGER("number"),
    BOOLEAN("bool"),
    TIME("string"),
    QUANTITY("string"),
    INT_OR_STRING("string"),
    ANY("object");

    private final String expected;

    Scalar(String expected) {
      this.expected = expected;
    }

    private boolean accepts(JsonNode value) {
      return switch (this) {
        case STRING, TIME -> value.isTextual();
        case INTEGER -> value.isIntegralNumber() && value.canConvertToLong();
        case BOOLEAN -> value.isBoolean();
        case QUANTITY, INT_OR_STRING -> value.isTextual() || value.isNumber();
        case ANY -> true;
      };
    }
  }

  /** An object with known fields. */
  record Fields(Map<String, Shape> fields) implements Shape {}

  /** An array. */
  record Array(Shape elements) implements Shape {}

  /** An object whose keys are data. */
  record Mapping(Shape values) implements Shape {}

  /** What every object has. */
  String ENVELOPE =
      """
      apiVersion:string,kind:string,metadata{name:string,generateName:string,namespace:string,
      uid:string,resourceVersion:string,generation:integer,creationTimestamp:time,
      deletionTimestamp:time,deletionGracePeriodSeconds:integer,labels%:string,
      annotations%:string,finalizers[]:string,selfLink:string,managedFields[]:any,
      ownerReferences[]{apiVersion:string,kind:string,name:string,uid:string,
      controller:boolean,blockOwnerDeletion:boolean}}
      """;

  /** Reads the shape of a kind whose own fields are given. */
  static Fields of(String fields) {
    return new ShapeParser(ENVELOPE.strip() + (fields.isBlank() ? "" : "," + fields)).parse();
  }

  /**
   * Drops nulls and checks types.
   *
   * @throws io.hubspoke.api.ApiException 400 naming the first field of another type
   */
  static void normalize(Fields shape, ObjectNode object) {
    check(shape, object, "");
  }

  private static void check(Shape shape, JsonNode value, String path) {
    switch (shape) {
      case Scalar scalar -> {
        if (!scalar.accepts(value)) {
          throw mismatch(path, value, scalar.expected);
        }
        dropNulls(value);
      }
      case Array array -> {
        if (!(value instanceof ArrayNode elements)) {
          throw mismatch(path, value, "array");
        }
        for (int i = 0; i < elements.size(); i++) {
          check(array.elements, elements.get(i), path + "[" + i + "]");
        }
      }
      case Mapping mapping -> {
        for (var entry : object(value, path).properties()) {
          check(mapping.values, entry.getValue(), path + "." + entry.getKey());
        }
      }
      case Fields known -> {
        ObjectNode fields = object(value, path);
        for (var entry : fields.properties()) {
          Shape field = known.fields.get(entry.getKey());
          if (field == null) {
            dropNulls(entry.getValue());
          } else {
            check(
                field,
                entry.getValue(),
                path.isEmpty() ? entry.getKey() : path + "." + entry.getKey());
          }
        }
      }
    }
  }

  private static ObjectNode object(JsonNode value, String path) {
    if (!(value instanceof ObjectNode object)) {
      throw mismatch(path, value, "object");
    }
    object.properties().removeIf(e -> e.getValue().isNull());
    return object;
  }

  private static void dropNulls(JsonNode value) {
    if (value instanceof ObjectNode object) {
      object.properties().removeIf(e -> e.getValue().isNull());
    }
    for (JsonNode child : value) {
      dropNulls(child);
    }
  }

  private static RuntimeException mismatch(String path, JsonNode value, String expected) {
    String found = value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    return Status.badRequest(
            "json: cannot unmarshal " + found + " into field " + path + " of type " + expected)
        .toException();
  }
}
