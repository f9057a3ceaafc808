package io.hubspoke.streams.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

/**
 * An end of a WebSocket connection in the pipeline of an upgraded one: frames in and out, pings
 * answered, closing handshake (RFC 6455, section 7). Its methods are called on the event loop.
 */
abstract class WebSocketHandler extends ChannelDuplexHandler implements FrameReader.Sink {
  /** Closed as both wished. */
  static final int NORMAL = 1000;

  /** Gone without a close frame; never on the wire. */
  static final int ABNORMAL = 1006;

  /** The name in the pipeline. */
  static final String NAME = "websocket";

  static final int NO_PREFIX = -1;

  private static final int FINAL = 0x80;
  private static final int MAX_HEADER = 14;

  /** How long the peer has to answer a close frame. */
  private static final int CLOSE_SECONDS = 5;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final boolean client;
  private final FrameReader reader;
  private ChannelHandlerContext ctx;
  private boolean flushing;
  private boolean broken;
  private boolean closeSent;
  private boolean closeReceived;
  private boolean over;
  private ChannelFuture pong;
  private byte[] laterPong;
  private ScheduledFuture<?> closing;

  WebSocketHandler(boolean client) {
    this.client = client;
    this.reader = new FrameReader(!client, this);
  }

  final boolean isClosing() {
    return closeSent;
  }

  /** Tells once that nothing more comes, with the peer's close code or {@link #ABNORMAL}. */
  abstract void closed(int code, String reason);

  final ChannelHandlerContext context() {
    return ctx;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.ctx = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      // What is left of the HTTP exchange.
      context.fireChannelRead(message);
      return;
    }
    try {
      if (!broken && !closeReceived) {
        reader.read(bytes);
      }
    } catch (WebSocketException e) {
      broken = true;
      sendClose(e.code(), e.getMessage());
      end(e.code(), e.getMessage());
    } finally {
      bytes.release();
    }
  }

  @Override
  public final void ping(byte[] payload) {
    if (closeSent) {
      return;
    }
    if (pong != null && !pong.isDone()) {
      // RFC 6455, 5.5.3: who hasn't answered yet may answer the last ping alone.
      laterPong = payload;
      return;
    }
    pong =
        frame(FrameReader.PONG, NO_PREFIX, ctx.alloc().buffer(payload.length).writeBytes(payload));
    var _ =
        pong.addListener(
            done -> {
              byte[] later = laterPong;
              laterPong = null;
              if (later != null && done.isSuccess()) {
                ping(later);
              }
            });
    flushSoon();
  }

  @Override
  public final void pong(byte[] payload) {}

  @Override
  public final void close(int code, String reason) {
    closeReceived = true;
    if (!closeSent) {
      sendClose(code == FrameReader.NO_CODE ? NORMAL : code, "");
    } else if (!client) {
      drop();
    }
    end(code, reason);
  }

  /**
   * Sends a message in one frame.
   *
   * @param prefix a byte before the payload, or {@link #NO_PREFIX}
   * @param payload released when sent
   */
  final ChannelFuture send(int opcode, int prefix, ByteBuf payload) {
    if (closeSent) {
      payload.release();
      return ctx.newFailedFuture(new IllegalStateException("the WebSocket is closed"));
    }
    ChannelFuture sent = frame(opcode, prefix, payload);
    flushSoon();
    return sent;
  }

  private ChannelFuture frame(int opcode, int prefix, ByteBuf payload) {
    return frame(opcode, prefix, payload, ctx.newPromise());
  }

  /** Writes a message in one frame without flushing. */
  final ChannelFuture frame(int opcode, int prefix, ByteBuf payload, ChannelPromise promise) {
    int length = payload.readableBytes() + (prefix == NO_PREFIX ? 0 : 1);
    ByteBuf bytes = ctx.alloc().buffer(MAX_HEADER + (client ? length : 1));
    bytes.writeByte(FINAL | opcode);
    int masked = client ? 0x80 : 0;
    if (length < 126) {
      bytes.writeByte(masked | length);
    } else if (length < 65536) {
      bytes.writeByte(masked | 126).writeShort(length);
    } else {
      bytes.writeByte(masked | 127).writeLong(length);
    }
    if (client) {
      int mask = RANDOM.nextInt();
      bytes.writeInt(mask);
      int from = bytes.writerIndex();
      if (prefix != NO_PREFIX) {
        bytes.writeByte(prefix);
      }
      bytes.writeBytes(payload);
      payload.release();
      FrameReader.xor(bytes, from, length, mask);
      return ctx.write(bytes, promise);
    }
    if (prefix != NO_PREFIX) {
      bytes.writeByte(prefix);
    }
    if (!payload.isReadable()) {
      payload.release();
      return ctx.write(bytes, promise);
    }
    var _ = ctx.write(bytes, ctx.voidPromise());
    return ctx.write(payload, promise);
  }

  /** Begins the closing handshake; what was sent before arrives before. */
  final void sendClose(int code, String reason) {
    if (closeSent) {
      return;
    }
    closeSent = true;
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    ByteBuf payload = ctx.alloc().buffer(FrameReader.MAX_CONTROL).writeShort(code);
    payload.writeBytes(text, 0, Math.min(text.length, reasonEnd(text)));
    ChannelFuture sent = frame(FrameReader.CLOSE, NO_PREFIX, payload);
    ctx.flush();
    // Read on to the peer's answer: closing with bytes unread resets the connection, and what was
    // sent last would be lost.
    ctx.channel().config().setAutoRead(true);
    if (closeReceived && !client) {
      var _ = sent.addListener(ChannelFutureListener.CLOSE);
    }
    closing = ctx.executor().schedule(this::drop, CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  private void drop() {
    var _ = ctx.close();
  }

  /** Returns where a reason is cut so that it fits and stays UTF-8. */
  private static int reasonEnd(byte[] text) {
    int end = FrameReader.MAX_CONTROL - 2;
    while (end > 0 && end < text.length && (text[end] & 0xc0) == 0x80) {
      end--;
    }
    return end;
  }

  /** Flushes after what is running now, so that many small writes are one. */
  private void flushSoon() {
    if (!flushing) {
      flushing = true;
      ctx.executor()
          .execute(
              () -> {
                flushing = false;
                ctx.flush();
              });
    }
  }

  private void end(int code, String reason) {
    if (!over) {
      over = true;
      closed(code, reason);
    }
  }

  /** Whoever closes the connection above says so to the peer first. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (closeSent || !context.channel().isActive()) {
      var _ = context.close(promise);
      return;
    }
    sendClose(NORMAL, "");
    end(ABNORMAL, "closed at this end");
    var _ = context.channel().closeFuture().addListener(done -> promise.trySuccess());
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (closing != null) {
      closing.cancel(false);
    }
    end(ABNORMAL, "the connection ended without a close");
    context.fireChannelInactive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent) {
      end(ABNORMAL, "nothing was sent for too long");
      sendClose(NORMAL, "");
    } else {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(ABNORMAL, cause.getMessage() == null ? cause.toString() : cause.getMessage());
    var _ = context.close();
  }
}
