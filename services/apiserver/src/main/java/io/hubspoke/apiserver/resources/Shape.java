package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/**
 * The types of the fields of a kind, as far as the components rely on them: what a typed decoder
 * would refuse is refused, unknown fields are kept, and nulls are dropped, being absent fields.
 *
 * <p>Written as {@code spec{nodeName:string,containers[]{name:string},labels%:string}}, where
 * {@code []} makes an array and {@code %} a map; {@code Port={...}} gives a type a name.
 */
sealed interface Shape {

  /** A value that has no fields that are known, and what to call it. */
  enum Scalar implements Shape {
    STRING("string"),
    INTEGER("int32"),
    LONG("int64"),
    BOOLEAN("bool"),
    TIME("Time"),
    QUANTITY("Quantity"),
    INT_OR_STRING("string"),
    ANY("object");

    private final String expected;

    Scalar(String expected) {
      this.expected = expected;
    }

    private boolean accepts(JsonNode value) {
      return switch (this) {
        case STRING -> value.isTextual();
        case TIME -> value.isTextual() && isTime(value.textValue());
        case INTEGER -> value.isIntegralNumber() && value.canConvertToInt();
        case LONG -> value.isIntegralNumber() && value.canConvertToLong();
        case BOOLEAN -> value.isBoolean();
        case QUANTITY ->
            value.isNumber()
                || (value.isTextual() && Quantity.parse(value.textValue()).isPresent());
        case INT_OR_STRING -> value.isTextual() || INTEGER.accepts(value);
        case ANY -> true;
      };
    }

    private static boolean isTime(String text) {
      try {
        return text.isEmpty() || !Instant.parse(text).isBefore(Instant.MIN);
      } catch (DateTimeException e) {
        return false;
      }
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
      uid:string,resourceVersion:string,generation:long,creationTimestamp:time,
      deletionTimestamp:time,deletionGracePeriodSeconds:long,labels%:string,
      annotations%:string,finalizers[]:string,selfLink:string,managedFields[]:any,
      ownerReferences[]{apiVersion:string,kind:string,name:string,uid:string,
      controller:boolean,blockOwnerDeletion:boolean}}
      """;

  /** What the conditions of any status have. */
  String CONDITIONS =
      """
      conditions[]{type:string,status:string,reason:string,message:string,
      lastTransitionTime:time,lastProbeTime:time,lastHeartbeatTime:time,lastUpdateTime:time,
      observedGeneration:long}
      """
          .strip();

  /** What a reference to an object has. */
  String REFERENCE =
      "{kind:string,namespace:string,name:string,uid:string,apiVersion:string,"
          + "resourceVersion:string,fieldPath:string}";

  /** Reads the shape of a kind whose own fields are given. */
  static Fields of(String fields) {
    return new ShapeParser(ENVELOPE.strip() + (fields.isBlank() ? "" : "," + fields)).parse();
  }

  /**
   * Drops nulls and checks that a tree is an object of a type, as decoding into the type would;
   * kind and version may be left out.
   *
   * @throws io.hubspoke.api.ApiException 400 naming the first field of another type
   */
  static void normalize(ResourceType type, Fields shape, ObjectNode object) {
    String apiVersion = object.path("apiVersion").asText("");
    if (!apiVersion.isEmpty() && !apiVersion.equals(type.apiVersion())) {
      throw Status.badRequest(
              "the API version in the data ("
                  + apiVersion
                  + ") does not match the expected API version ("
                  + type.apiVersion()
                  + ")")
          .toException();
    }
    String kind = object.path("kind").asText("");
    if (!kind.isEmpty() && !kind.equals(type.kind())) {
      throw Status.badRequest(cannotHandle(kind, type) + "the object's kind must be " + type.kind())
          .toException();
    }
    try {
      check(shape, object, "");
    } catch (MismatchException e) {
      throw Status.badRequest(cannotHandle(type.kind(), type) + e.getMessage()).toException();
    }
  }

  private static String cannotHandle(String kind, ResourceType type) {
    return kind
        + " in version \""
        + type.version()
        + "\" cannot be handled as a "
        + type.kind()
        + ": ";
  }

  private static void check(Shape shape, JsonNode value, String path) {
    switch (shape) {
      case Scalar scalar -> {
        if (!scalar.accepts(value)) {
          throw new MismatchException(path, value, scalar.expected);
        }
        dropNulls(value);
      }
      case Array array -> {
        if (!(value instanceof ArrayNode elements)) {
          throw new MismatchException(path, value, "array");
        }
        for (JsonNode element : elements) {
          check(array.elements, element, path);
        }
      }
      case Mapping mapping -> {
        for (var entry : object(value, path).properties()) {
          check(mapping.values, entry.getValue(), path);
        }
      }
      case Fields known -> {
        for (var entry : object(value, path).properties()) {
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
      throw new MismatchException(path, value, "object");
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

  /** A value that its field does not take. */
  final class MismatchException extends RuntimeException {
    private MismatchException(String path, JsonNode value, String expected) {
      super(why(path, value, expected), null, false, false);
    }

    private static String why(String path, JsonNode value, String expected) {
      if (value.isTextual() && expected.equals(Scalar.QUANTITY.expected)) {
        return "quantities must match the regular expression"
            + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
      }
      if (value.isTextual() && expected.equals(Scalar.TIME.expected)) {
        return "parsing time " + value + " as \"2006-01-02T15:04:05Z07:00\": cannot parse it";
      }
      return "json: cannot unmarshal "
          + value.getNodeType().name().toLowerCase(Locale.ROOT)
          + " into field "
          + path
          + " of type "
          + expected;
    }
  }
}
