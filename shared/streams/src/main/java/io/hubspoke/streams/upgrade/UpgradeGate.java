package io.hubspoke.streams.upgrade;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.impl.VertxHttpObject;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Holds bytes that are not HTTP any more until whoever takes the connection over is ready for them.
 * They may arrive together with the request or the answer that ends HTTP.
 */
// What fails of a write ends the channel.
@SuppressWarnings("FutureReturnValueIgnored")
final class UpgradeGate extends ChannelDuplexHandler {
  static final String NAME = "upgradeGate";

  /** Above this no more is read. */
  private static final int MOST_HELD_BYTES = 128 * 1024;

  private final UpgradableRequestDecoder decoder;
  private final Queue<ByteBuf> held = new ArrayDeque<>();
  private long heldBytes;
  private int unanswered;
  private boolean switched;

  /**
   * Makes one.
   *
   * @param decoder the server's, which goes on when an upgrade is refused; null at a client
   */
  UpgradeGate(UpgradableRequestDecoder decoder) {
    this.decoder = decoder;
  }

  /** Takes note that HTTP has ended, and reads nothing more until {@link #open}. */
  void switched(ChannelHandlerContext ctx) {
    switched = true;
    ctx.channel().config().setAutoRead(false);
  }

  /** Lets through what was held, and everything from now on. */
  void open(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(true);
    boolean any = !held.isEmpty();
    ByteBuf bytes;
    while ((bytes = held.poll()) != null) {
      ctx.fireChannelRead(bytes);
    }
    if (any) {
      ctx.fireChannelReadComplete();
    }
    ctx.pipeline().remove(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case ByteBuf bytes -> hold(ctx, bytes);
      case HttpContent last when switched -> last.release();
      default -> {
        if (message instanceof HttpRequest) {
          unanswered++;
        }
        ctx.fireChannelRead(message);
      }
    }
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (switched && message instanceof HttpResponse answer) {
      // Vert.x writes no head of unknown length without it, but 101 has no body.
      answer.headers().remove("Transfer-Encoding");
    }
    ctx.write(message, promise);
    boolean ends =
        message instanceof VertxHttpObject object
            ? object.isEnded()
            : message instanceof LastHttpContent;
    if (decoder != null && !switched && ends && --unanswered == 0 && decoder.isHeld()) {
      if (held.isEmpty()) {
        decoder.proceed();
      } else {
        // Sent in the hope of another protocol: whoever sent it didn't mean them as requests.
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    held.forEach(ReferenceCountUtil::release);
    held.clear();
  }

  private void hold(ChannelHandlerContext ctx, ByteBuf bytes) {
    held.add(bytes);
    heldBytes += bytes.readableBytes();
    if (heldBytes > MOST_HELD_BYTES) {
      ctx.channel().config().setAutoRead(false);
    }
  }
}
