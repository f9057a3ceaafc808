package io.hubspoke.streams.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Frames are read the same wherever they are cut, and as Netty's decoder reads them, or break the
 * protocol. The first byte says who sends them and how they are cut.
 */
public final class WebSocketFrames {
  private WebSocketFrames() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    boolean masked = (input[0] & 1) == 0;
    int cut = 1 + (input[0] & 0x7f) / 2;
    byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
    Told whole = read(masked, bytes, Math.max(1, bytes.length));
    Told pieces = read(masked, bytes, cut);
    expect(whole.end.equals(pieces.end), whole.end + " in one piece, " + pieces.end + " in more");
    expect(Arrays.equals(whole.data(), pieces.data()), "other data in pieces");
    expect(Arrays.equals(whole.pings(), pieces.pings()), "other pings in pieces");
    if (whole.end.isEmpty()) {
      compare(masked, bytes, whole);
    }
  }

  private static void compare(boolean masked, byte[] bytes, Told ours) {
    EmbeddedChannel netty =
        new EmbeddedChannel(new WebSocket13FrameDecoder(masked, false, 1 << 20));
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    ByteArrayOutputStream pings = new ByteArrayOutputStream();
    boolean failed = false;
    try {
      netty.writeInbound(Unpooled.copiedBuffer(bytes));
    } catch (DecoderException refused) {
      // Longer than what it may gather: we pass that on as it comes.
      failed = true;
    }
    WebSocketFrame frame;
    while ((frame = netty.readInbound()) != null) {
      byte[] payload = new byte[frame.content().readableBytes()];
      frame.content().readBytes(payload);
      frame.release();
      switch (frame) {
        case BinaryWebSocketFrame one -> data.writeBytes(payload);
        case TextWebSocketFrame one -> data.writeBytes(payload);
        case ContinuationWebSocketFrame one -> data.writeBytes(payload);
        case PingWebSocketFrame one -> pings.writeBytes(payload);
        default -> {}
      }
    }
    netty.finishAndReleaseAll();
    byte[] theirs = data.toByteArray();
    expect(
        theirs.length <= ours.data().length
            && Arrays.equals(theirs, Arrays.copyOf(ours.data(), theirs.length)),
        "other data than Netty's");
    expect(failed || Arrays.equals(pings.toByteArray(), ours.pings()), "other pings than Netty's");
  }

  private static Told read(boolean masked, byte[] bytes, int cut) {
    Told told = new Told();
    FrameReader reader = new FrameReader(masked, told);
    try {
      for (int at = 0; at < bytes.length; at += cut) {
        reader.read(Unpooled.copiedBuffer(bytes, at, Math.min(cut, bytes.length - at)));
      }
    } catch (WebSocketException broken) {
      told.end = "broken " + broken.code();
    }
    return told;
  }

  private static void expect(boolean holds, String about) {
    if (!holds) {
      throw new AssertionError(about);
    }
  }

  /** What a reader told. */
  private static final class Told implements FrameReader.Sink {
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final ByteArrayOutputStream pings = new ByteArrayOutputStream();
    private boolean open;
    private String end = "";

    byte[] data() {
      return data.toByteArray();
    }

    byte[] pings() {
      return pings.toByteArray();
    }

    @Override
    public void data(boolean first, boolean last, ByteBuf payload) {
      expect(first != open, "a message begins and ends in turns");
      open = !last;
      byte[] bytes = new byte[payload.readableBytes()];
      payload.readBytes(bytes);
      payload.release();
      data.writeBytes(bytes);
    }

    @Override
    public void ping(byte[] payload) {
      expect(payload.length <= FrameReader.MAX_CONTROL, "a ping of " + payload.length);
      pings.writeBytes(payload);
    }

    @Override
    public void pong(byte[] payload) {}

    @Override
    public void close(int code, String reason) {
      expect(end.isEmpty(), "a second close");
      end = "close " + code + " " + reason;
    }
  }
}
