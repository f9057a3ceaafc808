package io.hubspoke.api.schema;

/** A value without fields that are known, though its JSON or protobuf may have a structure. */
public enum Scalar implements Type {
  STRING("string"),
  BOOL("bool"),
  INT32("int32"),
  INT64("int64"),
  DOUBLE("double"),
  /** Base64 in JSON. */
  BYTES("bytes"),
  /** RFC 3339 with seconds; in protobuf seconds and nanoseconds. */
  TIME("Time"),
  /** RFC 3339 with microseconds. */
  MICRO_TIME("MicroTime"),
  QUANTITY("Quantity"),
  INT_OR_STRING("IntOrString"),
  /** Any object; in protobuf the bytes of its JSON. */
  RAW_EXTENSION("RawExtension"),
  /** Any object; in protobuf the bytes of its JSON. */
  FIELDS_V1("FieldsV1"),
  /** Any value; in protobuf the bytes of its JSON. */
  JSON("JSON"),
  /** An array of strings that in protobuf is a message, since maps have no repeated values. */
  STRING_LIST("StringList"),
  /** Any value, which protobuf cannot say. */
  ANY("any");

  private final String notation;

  Scalar(String notation) {
    this.notation = notation;
  }

  /** Returns the scalar that is written so, or null. */
  static Scalar of(String notation) {
    for (Scalar scalar : VALUES) {
      if (scalar.notation.equals(notation)) {
        return scalar;
      }
    }
    return null;
  }

  private static final Scalar[] VALUES = values();
}
