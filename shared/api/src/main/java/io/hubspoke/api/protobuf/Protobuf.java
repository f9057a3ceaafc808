package io.hubspoke.api.protobuf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Reads and writes {@code application/vnd.kubernetes.protobuf}: built-in kinds in an envelope that
 * names the kind ({@code runtime.Unknown}) after four bytes that tell it from anything else.
 */
public final class Protobuf {
  public static final String MEDIA_TYPE = "application/vnd.kubernetes.protobuf";

  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final int TYPE_META = 1;
  private static final int RAW = 2;
  private static final int CONTENT_ENCODING = 3;
  private static final int CONTENT_TYPE = 4;

  private Protobuf() {}

  /**
   * Reads an object in its envelope.
   *
   * @throws ApiException 400 when it is malformed or of a kind that is not known here
   */
  public static ObjectNode parseObject(byte[] body) {
    if (body.length < MAGIC.length || !Arrays.equals(body, 0, 4, MAGIC, 0, 4)) {
      throw WireReader.bad(
          "provided data does not appear to be a protobuf message, expected prefix [k8s 0]");
    }
    WireReader in = new WireReader(body, MAGIC.length, body.length);
    ObjectNode object = Json.object();
    WireReader raw = new WireReader(body, 0, 0);
    while (in.hasMore()) {
      long key = in.key();
      int number = (int) (key >>> 3);
      if (number > RAW) {
        in.skip((int) (key & 7));
      } else if ((key & 7) != WireType.BYTES) {
        throw WireReader.bad("wrong wireType = " + (key & 7) + " for the envelope");
      } else if (number == TYPE_META) {
        typeMeta(in.chunk(), object);
      } else {
        raw = in.chunk();
      }
    }
    String apiVersion = object.path("apiVersion").asText("");
    String kind = object.path("kind").asText("");
    Struct struct =
        Schema.lookup(apiVersion, kind)
            .orElseThrow(
                () ->
                    Status.badRequest(
                            "no kind \""
                                + kind
                                + "\" is registered for version \""
                                + apiVersion
                                + "\" in protobuf")
                        .toException());
    new ProtobufDecoder().read(struct, raw, object);
    return object;
  }

  private static void typeMeta(WireReader in, ObjectNode object) {
    while (in.hasMore()) {
      long key = in.key();
      switch ((int) key) {
        case 1 << 3 | WireType.BYTES -> object.put("apiVersion", in.chunk().text());
        case 2 << 3 | WireType.BYTES -> object.put("kind", in.chunk().text());
        default -> in.skip((int) (key & 7));
      }
    }
  }

  /** Returns an object in its envelope, or nothing when its kind is not built in. */
  public static Optional<byte[]> encode(ObjectNode object) {
    String apiVersion = object.path("apiVersion").asText("");
    String kind = object.path("kind").asText("");
    return Schema.lookup(apiVersion, kind)
        .map(struct -> envelope(apiVersion, kind, encode(struct, object)));
  }

  /** Returns an object's bare message. */
  public static byte[] encode(Struct struct, ObjectNode object) {
    return ProtobufEncoder.encode(struct, object);
  }

  /** Puts a bare message into an envelope. */
  public static byte[] envelope(String apiVersion, String kind, byte[] raw) {
    WireWriter out = new WireWriter(raw.length + 128);
    out.raw(envelopeEnd());
    out.bytes(RAW, raw);
    typeMeta(out, apiVersion, kind);
    return out.toBytes();
  }

  /** Writes the beginning of an envelope. */
  static void typeMeta(WireWriter out, String apiVersion, String kind) {
    int before = out.length();
    out.string(2, kind);
    out.string(1, apiVersion);
    out.close(TYPE_META, before);
    out.raw(MAGIC);
  }

  /** Returns what follows the message in an envelope. */
  static byte[] envelopeEnd() {
    return new byte[] {
      CONTENT_ENCODING << 3 | WireType.BYTES, 0, CONTENT_TYPE << 3 | WireType.BYTES, 0
    };
  }

  /**
   * Returns a watch event as a frame: its length in four bytes, and a bare {@code WatchEvent}.
   *
   * @param enveloped the object
   */
  public static byte[] frame(String type, byte[] enveloped) {
    WireWriter out = new WireWriter(enveloped.length + 64);
    int before = out.length();
    out.bytes(1, enveloped);
    out.close(2, before);
    out.string(1, type);
    int length = out.length();
    out.raw(ByteBuffer.allocate(Integer.BYTES).putInt(length).array());
    return out.toBytes();
  }
}
