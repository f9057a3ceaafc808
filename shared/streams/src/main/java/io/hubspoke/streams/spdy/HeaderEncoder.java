package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Locale;
import java.util.Map;

/**
 * Writes the header blocks of one direction of a connection. They have to be a zlib stream, not to
 * be small: the stream has stored blocks alone, since a deflater is 256 KB for as long as the
 * connection lives. An empty block ends each (a flush), by which Go's reader knows that it need not
 * wait for more.
 */
final class HeaderEncoder {
  private static final int MAX_STORED = 0xffff;

  private boolean begun;

  ByteBuf encode(Map<String, String> headers) {
    ByteBuf plain = Unpooled.buffer(64);
    plain.writeInt(headers.size());
    headers.forEach(
        (name, value) -> {
          write(plain, name.toLowerCase(Locale.ROOT));
          write(plain, value);
        });
    ByteBuf block = Unpooled.buffer(plain.readableBytes() + 16);
    if (!begun) {
      begun = true;
      block.writeShort(0x7820).writeInt(HeaderDictionary.ID);
    }
    while (plain.isReadable()) {
      int length = Math.min(plain.readableBytes(), MAX_STORED);
      stored(block, length).writeBytes(plain, length);
    }
    return stored(block, 0);
  }

  /** Begins a block that is not the last one and not compressed (RFC 1951, 3.2.4). */
  private static ByteBuf stored(ByteBuf block, int length) {
    return block.writeByte(0).writeShortLE(length).writeShortLE(~length);
  }

  private static void write(ByteBuf plain, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    plain.writeInt(bytes.length).writeBytes(bytes);
  }
}
