package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.api.schema.Type;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Checks a tree against the types of its kind as decoding into them would: values of other types
 * are refused, nulls are dropped, being absent fields, and fields that the kind doesn't have are
 * kept and told of.
 */
public final class FieldTypes {
  /** More are not told of: each costs memory and, as a warning, a header. */
  private static final int MAX_UNKNOWN = 100;

  private final List<String> unknown = new ArrayList<>();

  private FieldTypes() {}

  /** Where a value is: a field of a struct, or an element of one. */
  private record Place(Place parent, String step, int index) {
    private static final int NO_INDEX = -1;
    private static final int MAP_KEY = -2;

    static final Place ROOT = new Place(null, "", NO_INDEX);

    Place field(String name) {
      return new Place(this, name, NO_INDEX);
    }

    Place key(String key) {
      return new Place(this, key, MAP_KEY);
    }

    Place element(int at) {
      return new Place(this, "", at);
    }

    /** Returns such as {@code spec.containers[0].name}. */
    String path() {
      return path(true);
    }

    /** Returns the names of the fields alone, as Go's decoder does. */
    String fields() {
      return path(false);
    }

    private String path(boolean elements) {
      if (parent == null) {
        return "";
      }
      String before = parent.path(elements);
      if (index != NO_INDEX && !elements) {
        return before;
      }
      if (index >= 0) {
        return before + "[" + index + "]";
      }
      return before.isEmpty() ? step : before + "." + step;
    }
  }

  /**
   * Drops nulls and checks an object; kind and version may be left out.
   *
   * @return the paths of fields that the kind doesn't have, such as {@code spec.containers[0].foo}
   * @throws io.hubspoke.api.ApiException 400 naming the first field of another type
   */
  public static List<String> check(ResourceType type, ObjectNode object) {
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
    FieldTypes check = new FieldTypes();
    try {
      check.value(Schema.of(type), object, Place.ROOT, null);
    } catch (MismatchException e) {
      throw Status.badRequest(cannotHandle(type.kind(), type) + e.getMessage()).toException();
    }
    return List.copyOf(check.unknown);
  }

  /** Begins the message of an object that is not what its kind says. */
  static String cannotHandle(String kind, ResourceType type) {
    return kind
        + " in version \""
        + type.version()
        + "\" cannot be handled as a "
        + type.kind()
        + ": ";
  }

  private void field(Field field, JsonNode value, Place place, Struct owner) {
    switch (field.container()) {
      case SINGLE -> value(field.type(), value, place, owner);
      case LIST -> {
        int index = 0;
        for (JsonNode element : array(value, place, owner)) {
          value(field.type(), element, place.element(index++), owner);
        }
      }
      case MAP -> {
        for (var entry : object(value, place, owner).properties()) {
          value(field.type(), entry.getValue(), place.key(entry.getKey()), owner);
        }
      }
    }
  }

  private void value(Type type, JsonNode value, Place place, Struct owner) {
    switch (type) {
      case Scalar scalar -> scalar(scalar, value, place, owner);
      case Struct struct when struct.isUnion() -> union(struct, value, place, owner);
      case Struct struct -> {
        for (var entry : object(value, place, owner).properties()) {
          Field field = struct.field(entry.getKey());
          if (field != null) {
            field(field, entry.getValue(), place.field(entry.getKey()), struct);
          } else {
            dropNulls(entry.getValue());
            if (unknown.size() < MAX_UNKNOWN) {
              unknown.add(place.field(entry.getKey()).path());
            }
          }
        }
      }
    }
  }

  /** Checks what is one of several forms against the field that has the form. */
  private void union(Struct struct, JsonNode value, Place place, Struct owner) {
    for (Field field : struct.declaredFields()) {
      boolean fits =
          switch (field.container()) {
            case LIST -> value.isArray();
            case MAP -> false;
            case SINGLE -> field.type() == Scalar.BOOL ? value.isBoolean() : value.isObject();
          };
      if (fits) {
        field(field, value, place, owner);
        return;
      }
    }
    throw new MismatchException(place, value, struct.name(), owner);
  }

  private static void scalar(Scalar scalar, JsonNode value, Place place, Struct owner) {
    switch (scalar) {
      case STRING -> require(value.isTextual(), value, "string", place, owner);
      case BOOL -> require(value.isBoolean(), value, "bool", place, owner);
      case INT32 ->
          require(
              value.isIntegralNumber() && value.canConvertToInt(), value, "int32", place, owner);
      case INT64 ->
          require(
              value.isIntegralNumber() && value.canConvertToLong(), value, "int64", place, owner);
      case DOUBLE -> require(value.isNumber(), value, "float64", place, owner);
      case BYTES -> {
        require(value.isTextual(), value, "[]uint8", place, owner);
        base64(value.textValue());
      }
      case TIME, MICRO_TIME -> {
        require(value.isTextual(), value, "Time", place, owner);
        if (!isTime(value.textValue())) {
          throw new MismatchException(
              "parsing time " + value + " as \"2006-01-02T15:04:05Z07:00\": cannot parse it");
        }
      }
      case QUANTITY -> quantity(value, place, owner);
      case INT_OR_STRING ->
          require(
              value.isTextual() || (value.isIntegralNumber() && value.canConvertToInt()),
              value,
              "string",
              place,
              owner);
      case STRING_LIST -> {
        for (JsonNode element : array(value, place, owner)) {
          require(element.isTextual(), element, "string", place, owner);
        }
      }
      case FIELDS_V1 -> require(value.isObject(), value, "object", place, owner);
      // Carried as they are: even their nulls may mean something to those who read them.
      case RAW_EXTENSION, JSON, ANY -> {}
    }
  }

  private static void quantity(JsonNode value, Place place, Struct owner) {
    require(value.isNumber() || value.isTextual(), value, "Quantity", place, owner);
    if (value.isTextual() && Quantity.parse(value.textValue()).isEmpty()) {
      throw new MismatchException(
          "quantities must match the regular expression"
              + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }
  }

  private static void base64(String text) {
    try {
      // Line ends are passed over, as Go does.
      Base64.getDecoder().decode(text.replace("\n", "").replace("\r", ""));
    } catch (IllegalArgumentException e) {
      throw new MismatchException("illegal base64 data");
    }
  }

  private static boolean isTime(String text) {
    try {
      return text.isEmpty() || !Instant.parse(text).isBefore(Instant.MIN);
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static void require(
      boolean holds, JsonNode value, String expected, Place place, Struct owner) {
    if (!holds) {
      throw new MismatchException(place, value, expected, owner);
    }
  }

  private static ArrayNode array(JsonNode value, Place place, Struct owner) {
    if (!(value instanceof ArrayNode array)) {
      throw new MismatchException(place, value, "array", owner);
    }
    return array;
  }

  private static ObjectNode object(JsonNode value, Place place, Struct owner) {
    if (!(value instanceof ObjectNode object)) {
      throw new MismatchException(place, value, "object", owner);
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
  private static final class MismatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MismatchException(String why) {
      super(why, null, false, false);
    }

    MismatchException(Place place, JsonNode value, String expected, Struct owner) {
      this(
          "json: cannot unmarshal "
              + value.getNodeType().name().toLowerCase(Locale.ROOT)
              + " into Go struct field "
              + (owner == null ? "" : owner.name() + ".")
              + place.fields()
              + " of type "
              + expected);
    }
  }
}
