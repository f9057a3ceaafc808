package io.hubspoke.tunnel.konnectivity;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts what comes of a gRPC call into messages, without copying them (gRPC over HTTP/2,
 * Length-Prefixed-Message).
 */
final class GrpcFrames {
  /** Says whether it is compressed, and in four bytes how long it is. */
  static final int PREFIX = 5;

  /** What gRPC takes when nobody says otherwise. */
  private static final int MAX_MESSAGE = 4 << 20;

  private final Deque<ByteBuf> pieces = new ArrayDeque<>();
  private long available;
  private int length = -1;

  /** Adds bytes, which are shared with the messages. */
  void add(Buffer bytes) {
    if (bytes.length() > 0) {
      pieces.add(((BufferInternal) bytes).getByteBuf());
      available += bytes.length();
    }
  }

  /**
   * Returns the next message; null when it has not come whole.
   *
   * @throws GrpcException when it is one that can't be taken
   */
  Buffer next() throws GrpcException {
    if (length < 0) {
      if (available < PREFIX) {
        return null;
      }
      length = length(take(PREFIX));
    }
    if (available < length) {
      return null;
    }
    ByteBuf message = take(length);
    length = -1;
    return BufferInternal.buffer(message);
  }

  private static int length(ByteBuf prefix) throws GrpcException {
    if (prefix.readByte() != 0) {
      throw new GrpcException(GrpcException.UNIMPLEMENTED, "compressed messages are not taken");
    }
    long length = prefix.readUnsignedInt();
    if (length > MAX_MESSAGE) {
      throw new GrpcException(
          GrpcException.RESOURCE_EXHAUSTED,
          "received message larger than max (%d vs. %d)".formatted(length, MAX_MESSAGE));
    }
    return (int) length;
  }

  private ByteBuf take(int bytes) {
    available -= bytes;
    if (bytes == 0) {
      return Unpooled.EMPTY_BUFFER;
    }
    ByteBuf first = pieces.element();
    if (first.readableBytes() >= bytes) {
      return slice(first, bytes);
    }
    List<ByteBuf> parts = new ArrayList<>();
    for (int missing = bytes; missing > 0; ) {
      ByteBuf piece = pieces.element();
      ByteBuf part = slice(piece, Math.min(missing, piece.readableBytes()));
      parts.add(part);
      missing -= part.readableBytes();
    }
    return Unpooled.wrappedBuffer(parts.size(), parts.toArray(ByteBuf[]::new));
  }

  private ByteBuf slice(ByteBuf piece, int bytes) {
    ByteBuf slice = piece.readSlice(bytes);
    if (!piece.isReadable()) {
      pieces.remove();
    }
    return slice;
  }
}
