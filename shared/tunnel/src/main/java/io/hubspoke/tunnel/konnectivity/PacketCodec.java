package io.hubspoke.tunnel.konnectivity;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.hubspoke.tunnel.konnectivity.wire.CloseDial;
import io.hubspoke.tunnel.konnectivity.wire.CloseRequest;
import io.hubspoke.tunnel.konnectivity.wire.CloseResponse;
import io.hubspoke.tunnel.konnectivity.wire.Credit;
import io.hubspoke.tunnel.konnectivity.wire.Data;
import io.hubspoke.tunnel.konnectivity.wire.DialRequest;
import io.hubspoke.tunnel.konnectivity.wire.DialResponse;
import io.hubspoke.tunnel.konnectivity.wire.Drain;
import io.hubspoke.tunnel.konnectivity.wire.PacketType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.util.Optional;

/**
 * Makes bytes of packets and packets of bytes. DATA is neither copied nor made an object of by the
 * generated messages, which do the rest.
 */
public final class PacketCodec {
  /** The most that a packet of DATA has beside its bytes when it says no error: 2 + 6 + 11 + 6. */
  private static final int DATA_HEADER = 25;

  // Tags of Protocol Buffers' encoding: number of the field, and in three bits its form.
  private static final int TAG_TYPE = 1 << 3;
  private static final int TAG_DATA = (4 << 3) | 2;
  private static final int TAG_CONNECT_ID = 1 << 3;
  private static final int TAG_BYTES = (3 << 3) | 2;

  private PacketCodec() {}

  /** Returns the bytes of a packet; those of DATA are shared with it. */
  public static Buffer encode(Packet packet) {
    return BufferInternal.buffer(encode(packet, 0));
  }

  /**
   * Returns the bytes of a packet after some of which the caller makes a frame.
   *
   * @param reserved how many; they are zero
   */
  static ByteBuf encode(Packet packet, int reserved) {
    if (packet instanceof Packet.Data data && data.error().isEmpty()) {
      return encode(data, reserved);
    }
    var message = message(packet);
    return Unpooled.wrappedBuffer(new byte[reserved], message.toByteArray());
  }

  private static ByteBuf encode(Packet.Data data, int reserved) {
    ByteBuf bytes = ((BufferInternal) data.bytes()).getByteBuf();
    int length = bytes.readableBytes();
    long id = data.connectId();
    int inner = (id == 0 ? 0 : 1 + size(id)) + (length == 0 ? 0 : 1 + size(length) + length);
    ByteBuf header = Unpooled.buffer(reserved + DATA_HEADER).writeZero(reserved);
    header.writeByte(TAG_TYPE).writeByte(PacketType.DATA_VALUE).writeByte(TAG_DATA);
    writeVarint(header, inner);
    if (id != 0) {
      header.writeByte(TAG_CONNECT_ID);
      writeVarint(header, id);
    }
    if (length == 0) {
      return header;
    }
    header.writeByte(TAG_BYTES);
    writeVarint(header, length);
    return Unpooled.wrappedBuffer(header, bytes);
  }

  /**
   * Returns the packet that these bytes are, which DATA shares with them; nothing when its type is
   * not known, since later versions may have more.
   *
   * @throws IOException when they are no packet at all
   */
  public static Optional<Packet> decode(Buffer bytes) throws IOException {
    Packet.Data data = decodeData(bytes);
    return data == null ? decodeMessage(bytes) : Optional.of(data);
  }

  /** Returns null when it isn't DATA exactly as every encoder writes it. */
  private static Packet.Data decodeData(Buffer buffer) {
    ByteBuf bytes = ((BufferInternal) buffer).getByteBuf();
    if (bytes.readableBytes() < 4
        || bytes.readByte() != TAG_TYPE
        || bytes.readByte() != PacketType.DATA_VALUE
        || bytes.readByte() != TAG_DATA
        || readVarint(bytes) != bytes.readableBytes()) {
      return null;
    }
    long id = 0;
    if (bytes.isReadable() && bytes.getByte(bytes.readerIndex()) == TAG_CONNECT_ID) {
      bytes.skipBytes(1);
      id = readVarint(bytes);
      if (id <= 0) {
        return null;
      }
    }
    if (!bytes.isReadable()) {
      return new Packet.Data(id, "", Buffer.buffer());
    }
    if (bytes.readByte() != TAG_BYTES || readVarint(bytes) != bytes.readableBytes()) {
      return null;
    }
    int length = buffer.length();
    return new Packet.Data(id, "", buffer.slice(length - bytes.readableBytes(), length));
  }

  private static Optional<Packet> decodeMessage(Buffer bytes) throws IOException {
    io.hubspoke.tunnel.konnectivity.wire.Packet message;
    try {
      // It keeps nothing of the bytes but those of DATA, which are nobody else's.
      ByteString input = UnsafeByteOperations.unsafeWrap(bytes.getBytes());
      message = io.hubspoke.tunnel.konnectivity.wire.Packet.parseFrom(input);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("not a packet: " + e.getMessage(), e);
    }
    // What it carries goes by its type, as the real ends have it; what it lacks is empty.
    return switch (message.getType()) {
      case DIAL_REQ -> {
        DialRequest dial = message.getDialRequest();
        yield packet(
            new Packet.DialRequest(dial.getProtocol(), dial.getAddress(), dial.getRandom()));
      }
      case DIAL_RSP -> {
        DialResponse dial = message.getDialResponse();
        yield packet(
            new Packet.DialResponse(dial.getError(), dial.getConnectID(), dial.getRandom()));
      }
      case CLOSE_REQ -> packet(new Packet.CloseRequest(message.getCloseRequest().getConnectID()));
      case CLOSE_RSP -> {
        CloseResponse close = message.getCloseResponse();
        yield packet(new Packet.CloseResponse(close.getError(), close.getConnectID()));
      }
      case DATA -> {
        Data data = message.getData();
        yield packet(
            new Packet.Data(
                data.getConnectID(),
                data.getError(),
                BufferInternal.buffer(
                    Unpooled.wrappedBuffer(data.getData().asReadOnlyByteBuffer()))));
      }
      case DIAL_CLS -> packet(new Packet.CloseDial(message.getCloseDial().getRandom()));
      case DRAIN -> packet(new Packet.Drain());
      case CREDIT -> {
        Credit credit = message.getCredit();
        yield packet(new Packet.Credit(credit.getConnectID(), credit.getBytes()));
      }
      case UNRECOGNIZED -> Optional.empty();
    };
  }

  private static Optional<Packet> packet(Packet packet) {
    return Optional.of(packet);
  }

  /** Returns a packet as the generated messages have it. */
  static io.hubspoke.tunnel.konnectivity.wire.Packet message(Packet packet) {
    var message = io.hubspoke.tunnel.konnectivity.wire.Packet.newBuilder();
    switch (packet) {
      case Packet.DialRequest dial ->
          message
              .setType(PacketType.DIAL_REQ)
              .setDialRequest(
                  DialRequest.newBuilder()
                      .setProtocol(dial.protocol())
                      .setAddress(dial.address())
                      .setRandom(dial.random()));
      case Packet.DialResponse dial ->
          message
              .setType(PacketType.DIAL_RSP)
              .setDialResponse(
                  DialResponse.newBuilder()
                      .setError(dial.error())
                      .setConnectID(dial.connectId())
                      .setRandom(dial.random()));
      case Packet.CloseRequest close ->
          message
              .setType(PacketType.CLOSE_REQ)
              .setCloseRequest(CloseRequest.newBuilder().setConnectID(close.connectId()));
      case Packet.CloseResponse close ->
          message
              .setType(PacketType.CLOSE_RSP)
              .setCloseResponse(
                  CloseResponse.newBuilder()
                      .setError(close.error())
                      .setConnectID(close.connectId()));
      case Packet.Data data ->
          message
              .setType(PacketType.DATA)
              .setData(
                  Data.newBuilder()
                      .setConnectID(data.connectId())
                      .setError(data.error())
                      .setData(ByteString.copyFrom(data.bytes().getBytes())));
      case Packet.CloseDial close ->
          message
              .setType(PacketType.DIAL_CLS)
              .setCloseDial(CloseDial.newBuilder().setRandom(close.random()));
      case Packet.Drain _ -> message.setType(PacketType.DRAIN).setDrain(Drain.getDefaultInstance());
      case Packet.Credit credit ->
          message
              .setType(PacketType.CREDIT)
              .setCredit(
                  Credit.newBuilder().setConnectID(credit.connectId()).setBytes(credit.bytes()));
    }
    return message.build();
  }

  private static int size(long value) {
    return Math.max(1, (70 - Long.numberOfLeadingZeros(value)) / 7);
  }

  private static void writeVarint(ByteBuf to, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      to.writeByte((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    to.writeByte((int) rest);
  }

  /** Returns -1 when there is none, or one that is longer than it needs to be. */
  private static long readVarint(ByteBuf from) {
    long value = 0;
    for (int shift = 0; shift < 63 && from.isReadable(); shift += 7) {
      byte next = from.readByte();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return next == 0 && shift > 0 ? -1 : value;
      }
    }
    return -1;
  }
}
