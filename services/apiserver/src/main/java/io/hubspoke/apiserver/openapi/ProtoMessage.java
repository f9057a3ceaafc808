package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/** Puts a protobuf message together, field by field; what is absent is left out. */
final class ProtoMessage {
  private static final int LENGTH_DELIMITED = 2;

  private final Buffer bytes = Buffer.buffer();

  Buffer bytes() {
    return bytes;
  }

  ProtoMessage text(int number, JsonNode value) {
    return value.isTextual() ? text(number, value.textValue()) : this;
  }

  ProtoMessage text(int number, String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    head(number, utf8.length);
    bytes.appendBytes(utf8);
    return this;
  }

  ProtoMessage flag(int number, JsonNode value) {
    if (value.asBoolean()) {
      varint(number << 3);
      varint(1);
    }
    return this;
  }

  ProtoMessage message(int number, ProtoMessage message) {
    head(number, message.bytes.length());
    bytes.appendBuffer(message.bytes);
    return this;
  }

  private void head(int number, int length) {
    varint((number << 3) | LENGTH_DELIMITED);
    varint(length);
  }

  private void varint(int value) {
    int rest = value;
    while (rest > 0x7f) {
      bytes.appendByte((byte) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    bytes.appendByte((byte) rest);
  }
}
