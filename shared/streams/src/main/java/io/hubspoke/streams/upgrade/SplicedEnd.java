package io.hubspoke.streams.upgrade;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * One end of a splice, in its connection's pipeline. What it reads it writes at the other end. When
 * its input ends, the other end's output ends; when its connection is gone, the other one is closed
 * as soon as it has what is on its way.
 *
 * <p>All state is confined to this end's event loop. The ends may live on different ones.
 */
// What fails of a write or a close ends the channel, and that is noticed.
@SuppressWarnings("FutureReturnValueIgnored")
final class SplicedEnd extends ChannelInboundHandlerAdapter {
  /** How long the peer may take to close its side of a connection that has nothing more to get. */
  private static final long LONGEST_GOODBYE_SECONDS = 5;

  private final Duration standstill;
  private final Queue<Object> early = new ArrayDeque<>();
  private SplicedEnd other;
  private boolean joined;
  private boolean endedEarly;
  private boolean goneEarly;
  private volatile ChannelHandlerContext ctx;
  private boolean inputEnded;
  private boolean outputEnded;
  private boolean gone;
  private boolean otherGone;
  private boolean watched;
  private long moved;

  /**
   * Makes an end.
   *
   * @param standstill how long it may stand still once the other one has said its last
   */
  SplicedEnd(Duration standstill) {
    this.standstill = standstill;
  }

  void joinTo(SplicedEnd end) {
    other = end;
  }

  /**
   * Begins, now that both ends are in their pipelines. This one may have been in its own for a
   * while, with the other's event loop busy: what came meanwhile was kept, and comes first.
   */
  void begin() {
    run(
        () -> {
          joined = true;
          for (Object message = early.poll(); message != null; message = early.poll()) {
            channelRead(ctx, message);
          }
          other.ctx.flush();
          if (goneEarly || !ctx.channel().isActive()) {
            gone();
          } else if (endedEarly) {
            inputEnded();
          }
        });
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    ctx = added;
    // TLS tells the end of one way from the end of both by itself.
    added.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext c) {
    early.forEach(ReferenceCountUtil::release);
    early.clear();
  }

  @Override
  public void channelRead(ChannelHandlerContext c, Object message) {
    if (!joined) {
      early.add(message);
      return;
    }
    if (otherGone || !(message instanceof ByteBuf bytes)) {
      ReferenceCountUtil.release(message);
      return;
    }
    moved++;
    ChannelHandlerContext to = other.ctx;
    to.write(bytes, to.voidPromise());
    if (!to.channel().isWritable()) {
      to.flush();
      c.channel().config().setAutoRead(false);
      if (to.channel().isWritable()) {
        // It became so in between, on another event loop.
        c.channel().config().setAutoRead(true);
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext c) {
    if (joined) {
      other.ctx.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext c) {
    if (joined && c.channel().isWritable()) {
      other.ctx.channel().config().setAutoRead(true);
    }
    c.fireChannelWritabilityChanged();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext c, Object event) {
    switch (event) {
      case SslCloseCompletionEvent notified -> inputEnded();
      case ChannelInputShutdownEvent closed -> {
        // Under TLS, who ends TCP without having said so before has not ended but broken off.
        if (inputEnded || endedEarly || c.pipeline().get(SslHandler.class) == null) {
          inputEnded();
        } else {
          gone();
        }
      }
      default -> c.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext c) {
    gone();
    c.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext c, Throwable broken) {
    gone();
  }

  private void inputEnded() {
    if (!joined) {
      endedEarly = true;
      return;
    }
    if (inputEnded) {
      return;
    }
    inputEnded = true;
    other.run(() -> other.otherEnded(false));
    if (outputEnded) {
      ctx.close();
    }
  }

  private void gone() {
    if (!joined) {
      goneEarly = true;
      return;
    }
    if (gone) {
      return;
    }
    gone = true;
    inputEnded = true;
    ctx.close();
    other.run(() -> other.otherEnded(true));
  }

  /** Ends this end's output when all that the other one sent has left. */
  private void otherEnded(boolean itIsGone) {
    if (gone) {
      return;
    }
    if (itIsGone) {
      otherGone = true;
      ctx.channel().config().setAutoRead(true);
    }
    watch();
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            left -> {
              outputEnded = true;
              if (inputEnded || !left.isSuccess()) {
                ctx.close();
              } else {
                endOutput();
              }
            });
  }

  /**
   * Says that no more comes. The connection itself is closed only when the peer has closed its
   * side: closing while it still sends would reset it, and what it has not read yet would be lost.
   */
  private void endOutput() {
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    if (tls == null) {
      shutDownOutput();
    } else {
      tls.closeOutbound()
          .addListener(
              told -> {
                if (otherGone) {
                  shutDownOutput();
                }
              });
    }
  }

  private void shutDownOutput() {
    if (ctx.channel() instanceof DuplexChannel duplex) {
      duplex.shutdownOutput();
    } else {
      ctx.close();
    }
  }

  /** Closes the connection when it stands still, now that one way of the splice has ended. */
  private void watch() {
    if (!watched) {
      watched = true;
      look(progress());
    }
  }

  private void look(long before) {
    long seconds = otherGone && outputEnded ? LONGEST_GOODBYE_SECONDS : standstill.toSeconds();
    var next =
        ctx.executor()
            .schedule(
                () -> {
                  long now = progress();
                  if (now == before || (otherGone && outputEnded)) {
                    ctx.close();
                  } else {
                    look(now);
                  }
                },
                seconds,
                TimeUnit.SECONDS);
    ctx.channel().closeFuture().addListener(closed -> next.cancel(false));
  }

  private long progress() {
    Channel channel = ctx.channel();
    return moved + channel.bytesBeforeUnwritable() - channel.bytesBeforeWritable();
  }

  private void run(Runnable step) {
    if (ctx.executor().inEventLoop()) {
      step.run();
    } else {
      ctx.executor().execute(step);
    }
  }
}
