package io.hubspoke.api.protobuf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes protobuf from the end to the beginning: the length of an embedded message precedes it, and
 * so is known when it is written.
 */
final class WireWriter {
  private byte[] bytes;
  private int start;

  WireWriter() {
    this(1024);
  }

  WireWriter(int capacity) {
    bytes = new byte[capacity];
    start = capacity;
  }

  /** Returns how many bytes are written. */
  int length() {
    return bytes.length - start;
  }

  byte[] toBytes() {
    return Arrays.copyOfRange(bytes, start, bytes.length);
  }

  void raw(byte[] value) {
    reserve(value.length);
    start -= value.length;
    System.arraycopy(value, 0, bytes, start, value.length);
  }

  /** Puts a field's head before the bytes that were written since there were so many. */
  void close(int number, int lengthBefore) {
    head(number, length() - lengthBefore);
  }

  /** Puts the head of a field of so many bytes. */
  void head(int number, long length) {
    varint(length);
    varint(((long) number << 3) | WireType.BYTES);
  }

  void bytes(int number, byte[] value) {
    raw(value);
    head(number, value.length);
  }

  void string(int number, String value) {
    bytes(number, value.getBytes(StandardCharsets.UTF_8));
  }

  void number(int number, long value) {
    varint(value);
    varint(((long) number << 3) | WireType.VARINT);
  }

  void fixed64(int number, double value) {
    long bits = Double.doubleToRawLongBits(value);
    reserve(8);
    start -= 8;
    for (int i = 0; i < 8; i++) {
      bytes[start + i] = (byte) (bits >>> (8 * i));
    }
    varint(((long) number << 3) | WireType.FIXED64);
  }

  private void varint(long value) {
    int size = 1;
    for (long left = value >>> 7; left != 0; left >>>= 7) {
      size++;
    }
    reserve(size);
    start -= size;
    long left = value;
    for (int i = 0; i < size - 1; i++) {
      bytes[start + i] = (byte) ((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    bytes[start + size - 1] = (byte) left;
  }

  private void reserve(int count) {
    if (count > start) {
      int length = length();
      byte[] greater = new byte[Math.addExact(Math.max(bytes.length * 2, length), count)];
      System.arraycopy(bytes, start, greater, greater.length - length, length);
      bytes = greater;
      start = greater.length - length;
    }
  }
}
