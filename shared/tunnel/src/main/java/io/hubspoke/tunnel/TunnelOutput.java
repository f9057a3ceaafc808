package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.impl.buffer.VertxByteBufAllocator;
import io.vertx.core.internal.buffer.BufferInternal;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes what a channel has flushed into a tunnel. Memory that the garbage collector owns goes as
 * it is. What belongs to a pool, or lies outside of the heap, is copied once, since a stream may
 * hold it longer than the channel does; small pieces go together.
 */
final class TunnelOutput {
  /** Below this a piece of its own costs more than its copy. */
  private static final int SMALL = 8 * 1024;

  /** How much of small pieces goes together. */
  private static final int TOGETHER = 64 * 1024;

  private final List<ByteBuf> pieces = new ArrayList<>();
  private int bytes;

  /**
   * Writes one buffer.
   *
   * @return null when there is nothing to write
   */
  Future<Void> writeNext(ChannelOutboundBuffer flushed, Duplex to) throws Exception {
    flushed.forEachFlushedMessage(message -> add((ByteBuf) message));
    if (pieces.isEmpty()) {
      return null;
    }
    Future<Void> written = bytes == 0 ? Future.succeededFuture() : to.write(together());
    // Only now: whoever waits for the last piece may end the stream at once.
    List<ByteBuf> taken = List.copyOf(pieces);
    pieces.clear();
    bytes = 0;
    taken.forEach(piece -> remove(piece, flushed));
    return written;
  }

  /** Removes it, and before it what was cancelled. */
  @SuppressWarnings("ReferenceEquality") // Others may have the same bytes.
  private static void remove(ByteBuf piece, ChannelOutboundBuffer flushed) {
    Object next;
    do {
      next = flushed.current();
    } while (flushed.remove() && next != piece);
  }

  /** Returns whether one more may follow. */
  private boolean add(ByteBuf piece) {
    int length = piece.readableBytes();
    if (bytes > 0 && bytes + length > TOGETHER) {
      return false;
    }
    pieces.add(piece);
    bytes += length;
    return bytes < SMALL || !isCollected(piece);
  }

  private Buffer together() {
    ByteBuf last = pieces.getLast();
    if (last.readableBytes() == bytes && isCollected(last)) {
      return BufferInternal.buffer(
          Unpooled.wrappedBuffer(last.array(), last.arrayOffset() + last.readerIndex(), bytes));
    }
    ByteBuf copy = VertxByteBufAllocator.DEFAULT.heapBuffer(bytes);
    pieces.forEach(piece -> copy.writeBytes(piece, piece.readerIndex(), piece.readableBytes()));
    return BufferInternal.buffer(copy);
  }

  /** Returns whether the bytes outlive the release of their buffer. */
  private static boolean isCollected(ByteBuf bytes) {
    return bytes.hasArray()
        && !(bytes instanceof CompositeByteBuf)
        && !(bytes.unwrap() instanceof CompositeByteBuf)
        && (bytes.alloc() instanceof VertxByteBufAllocator
            || bytes.alloc() instanceof UnpooledByteBufAllocator);
  }
}
