package io.hubspoke.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ProtobufSchema.Field;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;

/**
 * Reads {@code application/vnd.kubernetes.protobuf} bodies as JSON trees: of the kinds that kubectl
 * sends so, which since 1.32 are those that it makes with typed clients. Empty values of fields
 * that JSON leaves out when they are empty are left out here.
 */
public final class Protobuf {
  public static final String MEDIA_TYPE = "application/vnd.kubernetes.protobuf";

  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final byte[] bytes;
  private final int end;
  private int position;

  private Protobuf(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /**
   * Reads an object in its envelope ({@code runtime.Unknown}).
   *
   * @throws ApiException 400 when it is malformed, 415 when it is of a kind that is not known here
   */
  public static ObjectNode parseObject(byte[] body) {
    if (body.length < MAGIC.length || !Arrays.equals(body, 0, 4, MAGIC, 0, 4)) {
      throw bad("provided data does not appear to be a protobuf message, expected prefix [k8s 0]");
    }
    ObjectNode envelope =
        new Protobuf(body, MAGIC.length, body.length).message(ProtobufSchema.envelope());
    String apiVersion = envelope.path("typeMeta").path("apiVersion").asText("");
    String kind = envelope.path("typeMeta").path("kind").asText("");
    ProtobufSchema schema = ProtobufSchema.of(apiVersion, kind);
    if (schema == null) {
      throw Status.unsupportedMediaType(
              "the body of the request is a "
                  + kind
                  + " in protobuf, which is not read yet - accepted media types include:"
                  + " application/json, application/yaml")
          .toException();
    }
    byte[] raw = Base64.getDecoder().decode(envelope.path("raw").asText(""));
    ObjectNode object = Json.object().put("apiVersion", apiVersion).put("kind", kind);
    return object.setAll(new Protobuf(raw, 0, raw.length).message(schema));
  }

  private ObjectNode message(ProtobufSchema schema) {
    ObjectNode object = Json.object();
    while (position < end) {
      long key = varint();
      int wire = (int) (key & 7);
      Field field = schema.field((int) (key >>> 3));
      if (field == null) {
        skip(wire);
      } else if (wire != (field.isVarint() ? VARINT : BYTES)) {
        throw bad("field " + field.name() + " has wire type " + wire);
      } else {
        read(field, object);
      }
    }
    return object;
  }

  private void read(Field field, ObjectNode object) {
    switch (field.type()) {
      case "int", "int?" -> {
        long value = varint();
        if (value != 0 || field.type().equals("int?")) {
          object.put(field.name(), value);
        }
      }
      case "bool", "bool?" -> {
        boolean value = varint() != 0;
        if (value || field.type().equals("bool?")) {
          object.put(field.name(), value);
        }
      }
      case "string" -> {
        String value = text(chunk());
        if (field.repeated()) {
          array(object, field).add(value);
        } else if (!value.isEmpty()) {
          object.put(field.name(), value);
        }
      }
      case "bytes" -> {
        Protobuf chunk = chunk();
        if (chunk.position < chunk.end) {
          object.put(field.name(), base64(chunk));
        }
      }
      case "time" -> {
        String time = time(chunk());
        if (!time.isEmpty()) {
          object.put(field.name(), time);
        }
      }
      case "intOrString" -> intOrString(chunk(), field, object);
      case "map", "bytesMap" -> {
        ObjectNode entry = chunk().message(ProtobufSchema.entry(field.type()));
        ObjectNode map =
            object.get(field.name()) instanceof ObjectNode o ? o : object.putObject(field.name());
        map.put(entry.path("key").asText(""), entry.path("value").asText(""));
      }
      case "extraMap" -> {
        ObjectNode entry = chunk().message(ProtobufSchema.entry(field.type()));
        ObjectNode map =
            object.get(field.name()) instanceof ObjectNode o ? o : object.putObject(field.name());
        ArrayNode values = map.putArray(entry.path("key").asText(""));
        entry.path("value").path("items").forEach(values::add);
      }
      default -> {
        ObjectNode value = chunk().message(ProtobufSchema.message(field.type()));
        if (field.repeated()) {
          array(object, field).add(value);
        } else {
          object.set(field.name(), value);
        }
      }
    }
  }

  private static void intOrString(Protobuf chunk, Field field, ObjectNode object) {
    ObjectNode value = chunk.message(ProtobufSchema.message("IntOrString"));
    if (value.path("type").asInt() == 1) {
      object.put(field.name(), value.path("strVal").asText(""));
    } else {
      object.put(field.name(), value.path("intVal").asInt());
    }
  }

  private static String time(Protobuf chunk) {
    ObjectNode time = chunk.message(ProtobufSchema.message("Time"));
    if (time.isEmpty()) {
      return "";
    }
    try {
      return Instant.ofEpochSecond(time.path("seconds").asLong()).toString();
    } catch (DateTimeException e) {
      throw bad("time out of range");
    }
  }

  private static ArrayNode array(ObjectNode object, Field field) {
    return object.get(field.name()) instanceof ArrayNode a ? a : object.putArray(field.name());
  }

  private static String text(Protobuf chunk) {
    return new String(
        chunk.bytes, chunk.position, chunk.end - chunk.position, StandardCharsets.UTF_8);
  }

  private static String base64(Protobuf chunk) {
    return Base64.getEncoder()
        .encodeToString(Arrays.copyOfRange(chunk.bytes, chunk.position, chunk.end));
  }

  private Protobuf chunk() {
    long length = varint();
    if (length < 0 || length > end - position) {
      throw bad("unexpected EOF");
    }
    Protobuf chunk = new Protobuf(bytes, position, position + (int) length);
    position = chunk.end;
    return chunk;
  }

  private void skip(int wire) {
    switch (wire) {
      case VARINT -> varint();
      case BYTES -> chunk();
      case FIXED64 -> advance(8);
      case FIXED32 -> advance(4);
      default -> throw bad("illegal wire type " + wire);
    }
  }

  private void advance(int count) {
    if (count > end - position) {
      throw bad("unexpected EOF");
    }
    position += count;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position >= end) {
        throw bad("unexpected EOF");
      }
      byte b = bytes[position++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw bad("integer overflow");
  }

  private static ApiException bad(String why) {
    return Status.badRequest("proto: " + why).toException();
  }
}
