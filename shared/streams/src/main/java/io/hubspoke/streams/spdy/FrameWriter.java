package io.hubspoke.streams.spdy;

import static io.hubspoke.streams.spdy.FrameReader.FIN;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Promise;
import java.util.Map;

/** Writes frames (SPDY/3.1, 2.6) to a transport; nothing is flushed. */
final class FrameWriter {
  /** Data goes in frames of at most this size, so that streams take turns. */
  static final int MAX_DATA = 64 << 10;

  private final SpdyTransport transport;
  private final HeaderEncoder headers = new HeaderEncoder();

  FrameWriter(SpdyTransport transport) {
    this.transport = transport;
  }

  void synStream(int stream, Map<String, String> fields) {
    ByteBuf block = headers.encode(fields);
    ByteBuf frame = control(FrameReader.SYN_STREAM, 10 + block.readableBytes());
    // No associated stream, highest priority, no credential slot.
    frame.writeInt(stream).writeInt(0).writeShort(0);
    transport.write(frame.writeBytes(block), null);
  }

  void synReply(int stream, Map<String, String> fields) {
    ByteBuf block = headers.encode(fields);
    ByteBuf frame = control(FrameReader.SYN_REPLY, 4 + block.readableBytes());
    transport.write(frame.writeInt(stream).writeBytes(block), null);
  }

  void rstStream(int stream, SpdyStatus status) {
    ByteBuf frame = control(FrameReader.RST_STREAM, 8);
    transport.write(frame.writeInt(stream).writeInt(status.code), null);
  }

  void ping(int id) {
    transport.write(control(FrameReader.PING, 4).writeInt(id), null);
  }

  void goAway(int lastGoodStream, int status) {
    ByteBuf frame = control(FrameReader.GOAWAY, 8);
    transport.write(frame.writeInt(lastGoodStream).writeInt(status), null);
  }

  /**
   * Writes all of the bytes and owns them.
   *
   * @param fin the stream's last ones, of which there may be none
   */
  void data(int stream, ByteBuf bytes, boolean fin, Promise<Void> done) {
    try {
      while (bytes.readableBytes() > MAX_DATA) {
        frame(stream, bytes, MAX_DATA, false, null);
      }
      frame(stream, bytes, bytes.readableBytes(), fin, done);
    } finally {
      bytes.release();
    }
  }

  private void frame(int stream, ByteBuf bytes, int length, boolean fin, Promise<Void> done) {
    ByteBuf frame = transport.buffer(8 + length);
    frame.writeInt(stream).writeInt((fin ? FIN << 24 : 0) | length);
    transport.write(frame.writeBytes(bytes, length), done);
  }

  private ByteBuf control(int type, int length) {
    ByteBuf frame = transport.buffer(8 + length);
    return frame.writeInt(0x80000000 | FrameReader.VERSION << 16 | type).writeInt(length);
  }
}
