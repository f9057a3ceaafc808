package io.hubspoke.api.protobuf;

import static io.hubspoke.api.protobuf.WireReader.bad;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Field.Container;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.api.schema.Type;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;

/**
 * Reads protobuf as the JSON that the same object has. Empty values of fields that JSON leaves out
 * when they are empty are left out; fields that the kind doesn't have are dropped, since protobuf
 * has no names for them.
 */
final class ProtobufDecoder {
  /** An empty message is two bytes here but an object in memory. */
  private static final int MAX_VALUES = 300_000;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);
  private static final long MIN_SECOND = Instant.parse("0000-01-01T00:00:00Z").getEpochSecond();
  private static final long MAX_SECOND = Instant.parse("9999-12-31T23:59:59Z").getEpochSecond();

  private int values;
  private int depth;

  /** Reads a message's fields into an object. */
  void read(Struct struct, WireReader in, ObjectNode object) {
    if (++depth > Json.MAX_DEPTH) {
      throw bad("nested deeper than " + Json.MAX_DEPTH + " levels");
    }
    while (in.hasMore()) {
      long key = in.key();
      int wireType = (int) (key & 7);
      Field field = struct.field((int) (key >>> 3));
      if (field == null) {
        in.skip(wireType);
      } else {
        read(field, wireType, in, object);
      }
    }
    depth--;
  }

  private void read(Field field, int wireType, WireReader in, ObjectNode object) {
    count();
    int expected = wireType(field.type());
    boolean packed =
        field.container() == Container.LIST
            && wireType == WireType.BYTES
            && expected != WireType.BYTES;
    if (field.container() == Container.MAP ? wireType != WireType.BYTES : wireType != expected) {
      if (!packed) {
        throw bad("wrong wireType = " + wireType + " for field " + field.name());
      }
    }
    if (field.inlined()) {
      read((Struct) field.type(), in.chunk(), object);
    } else if (packed) {
      ArrayNode list = list(field, object);
      for (WireReader chunk = in.chunk(); chunk.hasMore(); ) {
        count();
        list.add(value(field.type(), chunk, null));
      }
    } else {
      switch (field.container()) {
        case SINGLE -> single(field, in, object);
        case LIST -> list(field, object).add(value(field.type(), in, null));
        case MAP -> entry(field, in.chunk(), object);
      }
    }
  }

  private void single(Field field, WireReader in, ObjectNode object) {
    JsonNode value = value(field.type(), in, object.get(field.name()));
    // What comes last holds, an empty value too.
    if (value == null || (!field.keepsEmpty() && isEmpty(field.type(), value))) {
      object.remove(field.name());
    } else {
      object.set(field.name(), value);
    }
  }

  private void entry(Field field, WireReader in, ObjectNode object) {
    ObjectNode map =
        object.get(field.name()) instanceof ObjectNode m ? m : object.putObject(field.name());
    String name = "";
    JsonNode value = null;
    while (in.hasMore()) {
      long key = in.key();
      int wireType = (int) (key & 7);
      int number = (int) (key >>> 3);
      if (number > 2) {
        in.skip(wireType);
        continue;
      }
      if (wireType != (number == 1 ? WireType.BYTES : wireType(field.type()))) {
        throw bad("wrong wireType = " + wireType + " for field " + field.name());
      }
      if (number == 1) {
        name = in.chunk().text();
      } else {
        value = value(field.type(), in, null);
      }
    }
    map.set(name, value == null ? empty(field.type()) : value);
  }

  /**
   * Reads a value.
   *
   * @param before what the field held before in the same message, or null; messages are merged
   * @return null for one that is unset
   */
  private JsonNode value(Type type, WireReader in, JsonNode before) {
    return switch (type) {
      case Scalar scalar -> scalar(scalar, in);
      case Struct struct when struct.isUnion() -> {
        ObjectNode forms = JSON.objectNode();
        read(struct, in.chunk(), forms);
        yield union(struct, forms);
      }
      case Struct struct -> {
        ObjectNode object = before instanceof ObjectNode o ? o : JSON.objectNode();
        read(struct, in.chunk(), object);
        yield object;
      }
    };
  }

  private JsonNode scalar(Scalar scalar, WireReader in) {
    return switch (scalar) {
      case STRING -> JSON.textNode(in.chunk().text());
      case BOOL -> JSON.booleanNode(in.varint() != 0);
      case INT32 -> JSON.numberNode((int) in.varint());
      case INT64 -> number(in.varint());
      case DOUBLE -> number(in.fixed64());
      case BYTES -> JSON.textNode(Base64.getEncoder().encodeToString(in.chunk().rest()));
      case TIME -> time(in.chunk(), false);
      case MICRO_TIME -> time(in.chunk(), true);
      case QUANTITY -> quantity(in.chunk());
      case INT_OR_STRING -> intOrString(in.chunk());
      case RAW_EXTENSION, FIELDS_V1, JSON -> raw(in.chunk());
      case STRING_LIST -> strings(in.chunk());
      case ANY -> null;
    };
  }

  private static JsonNode number(long value) {
    // As a JSON parser reads it: equal numbers of different width differ.
    return value == (int) value ? JSON.numberNode((int) value) : JSON.numberNode(value);
  }

  private static JsonNode number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      throw bad("JSON cannot carry the number " + value);
    }
    return JSON.numberNode(value);
  }

  private static JsonNode time(WireReader in, boolean micros) {
    if (!in.hasMore()) {
      return null;
    }
    long seconds = 0;
    long nanos = 0;
    while (in.hasMore()) {
      long key = in.key();
      int number = (int) (key >>> 3);
      if (number > 2) {
        in.skip((int) (key & 7));
      } else if ((key & 7) != WireType.VARINT) {
        throw bad("wrong wireType = " + (key & 7) + " for a time");
      } else if (number == 1) {
        seconds = in.varint();
      } else {
        nanos = in.varint();
      }
    }
    if (seconds < MIN_SECOND || seconds > MAX_SECOND || nanos < 0 || nanos > 999_999_999) {
      throw bad("a time is out of range");
    }
    try {
      Instant time = Instant.ofEpochSecond(seconds, micros ? nanos : 0);
      return JSON.textNode(micros ? MICROS.format(time) : time.toString());
    } catch (DateTimeException e) {
      throw bad("a time is out of range");
    }
  }

  private static JsonNode quantity(WireReader in) {
    String text = "0";
    while (in.hasMore()) {
      long key = in.key();
      if (key >>> 3 == 1) {
        expectBytes(key, "string");
        text = in.chunk().text();
      } else {
        in.skip((int) (key & 7));
      }
    }
    return JSON.textNode(text);
  }

  private static JsonNode intOrString(WireReader in) {
    long type = 0;
    int number = 0;
    String text = "";
    while (in.hasMore()) {
      long key = in.key();
      switch ((int) key) {
        case 1 << 3 -> type = in.varint();
        case 2 << 3 -> number = (int) in.varint();
        case 3 << 3 | WireType.BYTES -> text = in.chunk().text();
        default -> {
          if (key >>> 3 <= 3) {
            throw bad("wrong wireType = " + (key & 7) + " for an int or string");
          }
          in.skip((int) (key & 7));
        }
      }
    }
    if (type < 0 || type > 1) {
      throw bad("an int or string has the type " + type);
    }
    return type == 1 ? JSON.textNode(text) : JSON.numberNode(number);
  }

  private static JsonNode raw(WireReader in) {
    JsonNode value = null;
    while (in.hasMore()) {
      long key = in.key();
      if (key >>> 3 == 1) {
        expectBytes(key, "raw");
        byte[] bytes = in.chunk().rest();
        value = bytes.length == 0 ? null : json(bytes);
      } else {
        in.skip((int) (key & 7));
      }
    }
    return value;
  }

  private static JsonNode json(byte[] bytes) {
    JsonNode value = Json.parse(bytes);
    if (value.isMissingNode()) {
      throw bad("raw data is no JSON");
    }
    return value.isNull() ? null : value;
  }

  private JsonNode strings(WireReader in) {
    ArrayNode list = JSON.arrayNode();
    while (in.hasMore()) {
      count();
      long key = in.key();
      if (key >>> 3 == 1) {
        expectBytes(key, "items");
        list.add(in.chunk().text());
      } else {
        in.skip((int) (key & 7));
      }
    }
    return list;
  }

  /** Returns the JSON of what is one of several forms: a list, an object or a boolean. */
  private static JsonNode union(Struct struct, ObjectNode forms) {
    JsonNode chosen = null;
    for (Field field : struct.declaredFields()) {
      JsonNode form = forms.get(field.name());
      if (form != null
          && (form.isArray() || (form.isObject() && (chosen == null || chosen.isBoolean())))) {
        chosen = form;
      } else if (form != null && chosen == null) {
        chosen = form;
      }
    }
    boolean orBoolean = struct.declaredFields().stream().anyMatch(f -> f.type() == Scalar.BOOL);
    return chosen == null && orBoolean ? JSON.booleanNode(false) : chosen;
  }

  private static ArrayNode list(Field field, ObjectNode object) {
    return object.get(field.name()) instanceof ArrayNode a ? a : object.putArray(field.name());
  }

  private static int wireType(Type type) {
    return switch (type) {
      case Struct struct -> WireType.BYTES;
      case Scalar scalar ->
          switch (scalar) {
            case BOOL, INT32, INT64 -> WireType.VARINT;
            case DOUBLE -> WireType.FIXED64;
            default -> WireType.BYTES;
          };
    };
  }

  /** Returns what an entry of a map holds when its value is left out. */
  private static JsonNode empty(Type type) {
    return switch (type) {
      case Struct struct -> JSON.objectNode();
      case Scalar scalar ->
          switch (scalar) {
            case BOOL -> JSON.booleanNode(false);
            case INT32, INT64, INT_OR_STRING -> JSON.numberNode(0);
            case DOUBLE -> JSON.numberNode(0.0);
            case QUANTITY -> JSON.textNode("0");
            case STRING_LIST -> JSON.arrayNode();
            case TIME, MICRO_TIME, RAW_EXTENSION, FIELDS_V1, JSON, ANY -> JSON.nullNode();
            case STRING, BYTES -> JSON.textNode("");
          };
    };
  }

  private static boolean isEmpty(Type type, JsonNode value) {
    return type instanceof Scalar
        && (value.isTextual()
            ? value.textValue().isEmpty()
            : value.isNumber()
                ? value.doubleValue() == 0
                : value.isBoolean() && !value.booleanValue());
  }

  private static void expectBytes(long key, String field) {
    if ((key & 7) != WireType.BYTES) {
      throw bad("wrong wireType = " + (key & 7) + " for field " + field);
    }
  }

  private void count() {
    if (++values > MAX_VALUES) {
      throw bad("more than " + MAX_VALUES + " values");
    }
  }
}
