package io.hubspoke.api.protobuf;

/** How a field's value is written (protobuf, "Message Structure"). */
final class WireType {
  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int BYTES = 2;
  static final int FIXED32 = 5;

  private WireType() {}
}
