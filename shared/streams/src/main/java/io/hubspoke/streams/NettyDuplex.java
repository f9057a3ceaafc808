package io.hubspoke.streams;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * A connection that Netty has made. How it ends, in order or not, the reader is told after all that
 * the peer sent before, and {@link #closed()} after the reader.
 *
 * <p>All state is confined to the channel's event loop.
 */
public abstract class NettyDuplex extends PairedDuplex {
  /** How long what is left to be read or written may stand still once the connection is ending. */
  private static final int STANDSTILL_SECONDS = 60;

  /** How long a peer may go on that is not listened to any more. */
  private static final int LINGER_SECONDS = 2;

  private final Channel channel;
  private final Pipe incoming;
  private final Outgoing outgoing;
  private final Promise<Void> closed = Promise.promise();
  private ScheduledFuture<?> limit;
  private long received;
  private Throwable failure;
  private boolean inputOver;
  private boolean outputEnded;
  private boolean outputBroken;
  private boolean readerTold;
  private boolean closing;
  private boolean gone;

  /**
   * Makes it for a channel of which nothing has been read; {@link #reader()} is to be put into its
   * pipeline.
   *
   * @param context of the channel's event loop
   */
  protected NettyDuplex(ContextInternal context, Channel channel) {
    this.channel = channel;
    this.incoming = new Pipe(context);
    this.outgoing = new Outgoing(context);
    incoming.sink().drainHandler(v -> channel.config().setAutoRead(true));
    incoming.whenOver(
        (ended, cause) -> {
          readerTold = true;
          settle();
        });
    outgoing.exceptionHandler(this::writeFailed);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    // Or a write that fails closes the channel, with what has come and not been read yet.
    channel.config().setAutoClose(false);
  }

  /** Returns what reads it, the last of the channel's pipeline. */
  protected final ChannelInboundHandlerAdapter reader() {
    return new Reader();
  }

  /** Returns what is beneath, which may have closed before all that came has been read. */
  public final Channel channel() {
    return channel;
  }

  /** Returns whether one half may end without the other. */
  protected abstract boolean halfCloses();

  @Override
  protected final ReadStream<Buffer> incoming() {
    return incoming.source();
  }

  @Override
  protected final WriteStream<Buffer> outgoing() {
    return outgoing;
  }

  /** A write that fails is told to the reader too, after what came before. */
  @Override
  public final Duplex exceptionHandler(Handler<Throwable> handler) {
    incoming.source().exceptionHandler(handler);
    return this;
  }

  @Override
  public final Future<Void> closed() {
    return closed.future();
  }

  @Override
  public final Future<Void> reset() {
    incoming.abandon();
    var loop = channel.eventLoop();
    if (loop.inEventLoop()) {
      resetNow();
    } else {
      loop.execute(this::resetNow);
    }
    return closed();
  }

  private void resetNow() {
    readerTold = true;
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException | UnsupportedOperationException e) {
      // It has ended already, or is none of TCP's.
    }
    closeNow();
    settle();
  }

  @Override
  public final Future<Void> fail(Throwable cause) {
    incoming.abandon();
    outgoing.onEventLoop(this::failNow);
    return closed();
  }

  private void failNow() {
    readerTold = true;
    limit();
    settle();
    var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(left -> breakOff());
  }

  private void breakOff() {
    if (outputEnded) {
      linger();
    } else if (channel instanceof DuplexChannel duplex
        && channel.pipeline().get(SslHandler.class) != null) {
      // Without TLS' own end it is none, and what was sent before it is not lost as by a reset.
      endOutput(duplex);
      linger();
    } else {
      resetNow();
    }
  }

  /** Closed at once, a peer that still sends would be reset and lose what it has not read yet. */
  private void linger() {
    var _ = channel.eventLoop().schedule(this::closeNow, LINGER_SECONDS, TimeUnit.SECONDS);
  }

  /** Closes past the pipeline, where TLS would have something to say first. */
  private void closeNow() {
    closing = true;
    channel.unsafe().close(channel.voidPromise());
  }

  private void endOutput(DuplexChannel duplex) {
    outputEnded = true;
    var _ =
        duplex
            .shutdownOutput()
            .addListener(
                done -> {
                  if (inputOver) {
                    close();
                  }
                });
  }

  private void inputEnded(Throwable cause) {
    if (inputOver) {
      return;
    }
    inputOver = true;
    if (cause == null) {
      incoming.sink().end().otherwiseEmpty();
    } else {
      failure = failure == null && !closing ? cause : failure;
      incoming.fail(cause);
    }
    if (cause != null || outputOver() || !halfCloses()) {
      close();
    }
  }

  private boolean outputOver() {
    return outputEnded || outputBroken;
  }

  private void writeFailed(Throwable cause) {
    if (cause instanceof ChannelOutputShutdownException && failure == null && !outputEnded) {
      failure = cause.getCause();
    }
  }

  /** The peer takes nothing more, though what it sent before that may still wait here. */
  private void outputBroken() {
    if (inputOver) {
      close();
      return;
    }
    limit();
    // Netty would still want to write, of which epoll says at once and forever that it may.
    var loop = channel.eventLoop();
    var _ =
        channel
            .deregister()
            .addListener(
                done -> {
                  if (channel.isOpen()) {
                    var _ = loop.register(channel);
                  }
                });
  }

  private void close() {
    closing = true;
    var _ = channel.close();
  }

  private void settle() {
    if (!gone || !readerTold) {
      return;
    }
    if (limit != null) {
      limit.cancel(false);
    }
    if (failure == null) {
      closed.tryComplete();
    } else {
      closed.tryFail(failure);
    }
  }

  /** Closes it when nothing is read or written for a while. */
  private void limit() {
    if (limit == null) {
      look(progress());
    }
  }

  private long progress() {
    return received - outgoing.pending();
  }

  private void look(long before) {
    limit =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (!gone && progress() > before) {
                    look(progress());
                  } else {
                    resetNow();
                  }
                },
                STANDSTILL_SECONDS,
                TimeUnit.SECONDS);
  }

  private final class Reader extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf bytes) {
        received += readerTold ? 0 : bytes.readableBytes();
        // Fails when the reader has gone.
        incoming.sink().write(BufferInternal.safeBuffer(bytes)).otherwiseEmpty();
        if (incoming.sink().writeQueueFull()) {
          channel.config().setAutoRead(false);
        }
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        inputEnded(brokenOff(context.pipeline().get(SslHandler.class)));
      } else if (event instanceof ChannelOutputShutdownEvent && !outputOver()) {
        outputBroken = true;
        // Once the write's own failure has been told.
        context.executor().execute(NettyDuplex.this::outputBroken);
      }
    }

    /** Returns why an end is none, or null. */
    private Throwable brokenOff(SslHandler tls) {
      if (tls != null && !tls.engine().isInboundDone()) {
        return new IOException("the connection was broken off");
      }
      // The failed write has taken the error from the kernel; "Broken pipe" says that the peer had
      // ended in order before.
      return failure == null || "Broken pipe".equals(failure.getMessage()) ? null : failure;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      gone = true;
      // Where the halves of a channel can't end by themselves, this is how the peer's does.
      boolean unheard = !closing && channel.config() instanceof SocketChannelConfig;
      inputEnded(
          failure == null && unheard ? new IOException("the connection was closed") : failure);
      settle();
      if (!closed.future().isComplete()) {
        limit();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      inputEnded(cause);
    }
  }

  private final class Outgoing extends NettySink {
    Outgoing(ContextInternal context) {
      super(context);
    }

    @Override
    protected ChannelFuture send(Buffer data) {
      return channel.writeAndFlush(((BufferInternal) data).getByteBuf());
    }

    @Override
    protected void sendEnd() {
      // After what was written before, which Netty drops when an output is shut down.
      var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(left -> sent());
    }

    private void sent() {
      if (outputOver()) {
        return;
      }
      if (halfCloses() && channel instanceof DuplexChannel duplex) {
        endOutput(duplex);
      } else {
        close();
      }
    }
  }
}
