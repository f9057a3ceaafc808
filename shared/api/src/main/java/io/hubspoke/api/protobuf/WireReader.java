package io.hubspoke.api.protobuf;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads the fields of one protobuf message, which a stranger may have written. */
final class WireReader {
  private final byte[] bytes;
  private final int end;
  private int position;

  WireReader(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  boolean hasMore() {
    return position < end;
  }

  /** Returns a number of up to 64 bits; more are cut off, as other readers do. */
  long varint() {
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

  /** Returns the next field's number and wire type. */
  long key() {
    long key = varint();
    long number = key >>> 3;
    if (number == 0 || number > 0x1fffffff) {
      throw bad("illegal tag " + number);
    }
    return key;
  }

  double fixed64() {
    int at = position;
    advance(8);
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = (value << 8) | (bytes[at + i] & 0xff);
    }
    return Double.longBitsToDouble(value);
  }

  /** Returns a reader of an embedded message, or of whatever has a length. */
  WireReader chunk() {
    long length = varint();
    if (length < 0) {
      throw bad("negative length found during unmarshaling");
    }
    if (length > end - position) {
      throw bad("unexpected EOF");
    }
    WireReader chunk = new WireReader(bytes, position, position + (int) length);
    position = chunk.end;
    return chunk;
  }

  /** Returns the rest as text. */
  String text() {
    String text = new String(bytes, position, end - position, StandardCharsets.UTF_8);
    // What is malformed was replaced: only then it is worth a closer look.
    if (text.indexOf('\ufffd') >= 0) {
      try {
        StandardCharsets.UTF_8
            .newDecoder()
            .decode(ByteBuffer.wrap(bytes, position, end - position));
      } catch (CharacterCodingException e) {
        throw bad("a string is not valid UTF-8");
      }
    }
    position = end;
    return text;
  }

  /** Returns the rest as it is. */
  byte[] rest() {
    byte[] rest = Arrays.copyOfRange(bytes, position, end);
    position = end;
    return rest;
  }

  /** Passes over a field that nobody knows. */
  void skip(int wireType) {
    switch (wireType) {
      case WireType.VARINT -> varint();
      case WireType.BYTES -> chunk();
      case WireType.FIXED64 -> advance(8);
      case WireType.FIXED32 -> advance(4);
      default -> throw bad("illegal wire type " + wireType);
    }
  }

  private void advance(int count) {
    if (count > end - position) {
      throw bad("unexpected EOF");
    }
    position += count;
  }

  static ApiException bad(String why) {
    return Status.badRequest("proto: " + why).toException();
  }
}
