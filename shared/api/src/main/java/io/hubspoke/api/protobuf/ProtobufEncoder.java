package io.hubspoke.api.protobuf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Field.Container;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.api.schema.Type;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Writes objects in protobuf. What protobuf cannot say is left out: fields that the kind doesn't
 * have, and values of another type than the field's.
 */
final class ProtobufEncoder {
  private final WireWriter out = new WireWriter();

  private ProtobufEncoder() {}

  static byte[] encode(Struct struct, ObjectNode object) {
    ProtobufEncoder encoder = new ProtobufEncoder();
    encoder.struct(struct, object);
    return encoder.out.toBytes();
  }

  /** Writes the fields, the last one first. */
  private void struct(Struct struct, JsonNode value) {
    List<Field> fields = struct.numberedFields();
    for (int i = fields.size() - 1; i >= 0; i--) {
      Field field = fields.get(i);
      if (field.inlined()) {
        int before = out.length();
        struct((Struct) field.type(), value);
        out.close(field.number(), before);
      } else {
        JsonNode at = value.get(field.name());
        if (at != null && !at.isNull()) {
          field(field, at);
        }
      }
    }
  }

  private void field(Field field, JsonNode value) {
    switch (field.container()) {
      case SINGLE -> value(field.number(), field.type(), value);
      case LIST -> {
        if (value instanceof ArrayNode list) {
          for (int i = list.size() - 1; i >= 0; i--) {
            value(field.number(), field.type(), list.get(i));
          }
        }
      }
      case MAP -> {
        if (value instanceof ObjectNode map) {
          for (var entry : new ArrayList<>(map.properties()).reversed()) {
            int before = out.length();
            value(2, field.type(), entry.getValue());
            out.string(1, entry.getKey());
            out.close(field.number(), before);
          }
        }
      }
    }
  }

  private void value(int number, Type type, JsonNode value) {
    switch (type) {
      case Scalar scalar -> scalar(number, scalar, value);
      case Struct struct when struct.isUnion() -> {
        int before = out.length();
        union(struct, value);
        out.close(number, before);
      }
      case Struct struct -> {
        if (value instanceof ObjectNode object) {
          int before = out.length();
          struct(struct, object);
          out.close(number, before);
        }
      }
    }
  }

  /** Writes the field that the value's form stands for. */
  private void union(Struct struct, JsonNode value) {
    for (Field field : struct.numberedFields().reversed()) {
      boolean fits =
          field.container() == Container.LIST
              ? value.isArray()
              : field.type() instanceof Struct ? value.isObject() : value.isBoolean();
      if (fits) {
        field(field, value);
      } else if (field.type() == Scalar.BOOL && value.isObject()) {
        // A schema for what is allowed says that something is.
        out.number(field.number(), 1);
      }
    }
  }

  private void scalar(int number, Scalar scalar, JsonNode value) {
    switch (scalar) {
      case STRING -> {
        if (value.isTextual()) {
          out.string(number, value.textValue());
        }
      }
      case BOOL -> {
        if (value.isBoolean()) {
          out.number(number, value.booleanValue() ? 1 : 0);
        }
      }
      case INT32, INT64 -> {
        if (value.isIntegralNumber() && value.canConvertToLong()) {
          out.number(number, value.longValue());
        }
      }
      case DOUBLE -> {
        if (value.isNumber()) {
          out.fixed64(number, value.doubleValue());
        }
      }
      case BYTES -> base64(number, value);
      case TIME -> time(number, value, false);
      case MICRO_TIME -> time(number, value, true);
      case QUANTITY -> {
        if (value.isTextual() || value.isNumber()) {
          int before = out.length();
          out.string(1, value.asText());
          out.close(number, before);
        }
      }
      case INT_OR_STRING -> intOrString(number, value);
      case RAW_EXTENSION, FIELDS_V1, JSON -> {
        int before = out.length();
        out.bytes(1, Json.bytes(value));
        out.close(number, before);
      }
      case STRING_LIST -> {
        if (value instanceof ArrayNode list) {
          int before = out.length();
          for (int i = list.size() - 1; i >= 0; i--) {
            out.string(1, list.get(i).asText());
          }
          out.close(number, before);
        }
      }
      // Has no number: such a field is in JSON alone.
      case ANY -> {}
    }
  }

  private void intOrString(int number, JsonNode value) {
    boolean text = value.isTextual();
    if (text || (value.isIntegralNumber() && value.canConvertToInt())) {
      int before = out.length();
      out.string(3, text ? value.textValue() : "");
      out.number(2, text ? 0 : value.intValue());
      out.number(1, text ? 1 : 0);
      out.close(number, before);
    }
  }

  private void base64(int number, JsonNode value) {
    try {
      String text = value.asText().replace("\n", "").replace("\r", "");
      out.bytes(number, Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      // Left out, as all that protobuf cannot say.
    }
  }

  /** Writes what JSON can say of a time: seconds, or microseconds. */
  private void time(int number, JsonNode value, boolean micros) {
    try {
      Instant time = Instant.parse(value.asText());
      int before = out.length();
      out.number(2, micros ? time.getNano() / 1_000 * 1_000 : 0);
      out.number(1, time.getEpochSecond());
      out.close(number, before);
    } catch (DateTimeException e) {
      // Empty, or no time: left out.
    }
  }
}
