package io.hubspoke.tunnel.konnectivity;

import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import io.hubspoke.tunnel.konnectivity.wire.PacketType;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Optional;

/** Whatever bytes come, the codec reads in them what the generated messages do. */
public final class PacketBytes {
  private PacketBytes() {}

  /**
   * Reads them both ways.
   *
   * @param input a packet's bytes, or anything
   */
  public static void fuzzerTestOneInput(byte[] input) {
    io.hubspoke.tunnel.konnectivity.wire.Packet expected = null;
    try {
      expected = io.hubspoke.tunnel.konnectivity.wire.Packet.parseFrom(input);
    } catch (InvalidProtocolBufferException e) {
      // Then the codec refuses it too.
    }
    Optional<Packet> read;
    try {
      read = PacketCodec.decode(Buffer.buffer(input));
    } catch (IOException e) {
      if (expected != null) {
        throw new IllegalStateException("refused what is a packet: " + expected, e);
      }
      return;
    }
    if (expected == null) {
      throw new IllegalStateException("took what is no packet: " + read);
    }
    if (expected.getType() == PacketType.UNRECOGNIZED) {
      if (read.isPresent()) {
        throw new IllegalStateException("knows what is not known: " + read);
      }
      return;
    }
    var again = PacketCodec.message(read.orElseThrow());
    if (!again.equals(known(expected))) {
      throw new IllegalStateException(again + "\nread from\n" + expected);
    }
    try {
      Buffer written = PacketCodec.encode(read.get());
      if (!io.hubspoke.tunnel.konnectivity.wire.Packet.parseFrom(written.getBytes())
          .equals(again)) {
        throw new IllegalStateException("written otherwise than read: " + again);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns it without what is unknown, and with what belongs to its type alone. */
  private static io.hubspoke.tunnel.konnectivity.wire.Packet known(
      io.hubspoke.tunnel.konnectivity.wire.Packet packet) {
    var known = io.hubspoke.tunnel.konnectivity.wire.Packet.newBuilder().setType(packet.getType());
    switch (packet.getType()) {
      case DIAL_REQ -> known.setDialRequest(packet.getDialRequest());
      case DIAL_RSP -> known.setDialResponse(packet.getDialResponse());
      case CLOSE_REQ -> known.setCloseRequest(packet.getCloseRequest());
      case CLOSE_RSP -> known.setCloseResponse(packet.getCloseResponse());
      case DATA -> known.setData(packet.getData());
      case DIAL_CLS -> known.setCloseDial(packet.getCloseDial());
      case DRAIN -> known.setDrain(packet.getDrain());
      case CREDIT -> known.setCredit(packet.getCredit());
      case UNRECOGNIZED -> throw new IllegalArgumentException("unrecognized");
    }
    return withoutUnknown(known.build());
  }

  private static io.hubspoke.tunnel.konnectivity.wire.Packet withoutUnknown(
      io.hubspoke.tunnel.konnectivity.wire.Packet packet) {
    try {
      return DiscardUnknownFieldsParser.wrap(io.hubspoke.tunnel.konnectivity.wire.Packet.parser())
          .parseFrom(packet.toByteArray());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
