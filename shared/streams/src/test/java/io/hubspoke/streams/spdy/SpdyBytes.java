package io.hubspoke.streams.spdy;

import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whatever a peer sends, and however it is cut: what comes of it is the same, the connection goes
 * on or says goodbye, the buffers are returned, and no answer is larger than a few times the
 * question.
 */
public final class SpdyBytes {
  private static final Vertx VERTX = Vertx.vertx();

  private SpdyBytes() {}

  /**
   * Reads it at once and in pieces.
   *
   * @param input the first byte says where the rest is cut, and which end reads it
   */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    Role role = (input[0] & 1) == 0 ? Role.SERVER : Role.CLIENT;
    ByteBuf bytes = Unpooled.wrappedBuffer(input, 1, input.length - 1);
    List<String> whole = read(role, bytes.duplicate(), Integer.MAX_VALUE);
    List<String> cut = read(role, bytes.duplicate(), 1 + ((input[0] & 0xff) >>> 1));
    if (!whole.equals(cut)) {
      throw new IllegalStateException(whole + "\nbut cut into pieces\n" + cut);
    }
  }

  private static List<String> read(Role role, ByteBuf bytes, int piece) {
    List<String> events = new ArrayList<>();
    AtomicLong data = new AtomicLong();
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.pipeline().addLast("handler", new ChannelInboundHandlerAdapter());
    SpdyConnection connection =
        SpdyConnection.over(
            VERTX,
            channel,
            role,
            new SpdyLimits(4, 1024),
            stream -> {
              events.add("stream " + stream.id() + " " + stream.header("streamtype"));
              stream.accept();
              stream
                  .handler(b -> data.addAndGet(b.length()))
                  .exceptionHandler(e -> events.add(stream.id() + " " + e.getMessage()))
                  .endHandler(v -> events.add(stream.id() + " ended"));
              if (stream.id() % 3 != 0) {
                stream.resume();
              }
            });
    if (role == Role.CLIENT) {
      connection.open(Map.of("streamtype", "data")).onSuccess(s -> s.resume());
    }
    int length = bytes.readableBytes();
    while (bytes.isReadable() && channel.isOpen()) {
      channel.writeInbound(bytes.readRetainedSlice(Math.min(piece, bytes.readableBytes())));
    }
    long answered = 0;
    ByteBuf out;
    while ((out = channel.readOutbound()) != null) {
      answered += out.readableBytes();
      out.release();
    }
    channel.checkException();
    var _ = channel.close();
    channel.finishAndReleaseAll();
    if (!connection.closed().isComplete()) {
      throw new IllegalStateException("the connection did not end with its channel");
    }
    if (answered > 200 + 3L * length) {
      throw new IllegalStateException(length + " bytes drew " + answered);
    }
    if (bytes.refCnt() != 1) {
      throw new IllegalStateException("buffers held: " + bytes.refCnt());
    }
    events.add(data + " bytes of data");
    return events;
  }
}
