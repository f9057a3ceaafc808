package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.streams.NettySink;
import io.hubspoke.streams.PairedDuplex;
import io.hubspoke.streams.Pipe;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.TimeUnit;

/**
 * A socket that is a tunnel by HTTP's CONNECT, either end of it, on its own context. It is paused
 * at first. It ends as a whole, as in every implementation: who half-closes it has closed it.
 */
public final class ProxiedSocket extends PairedDuplex {
  private static final String HANDLER = "proxied";

  /** How long what came before the end may wait for its reader. */
  private static final int UNREAD_SECONDS = 60;

  private final Channel channel;
  private final ContextInternal context;
  private final Pipe incoming;
  private final Source source;
  private final Outgoing outgoing;
  private final Promise<Void> closed = Promise.promise();

  private ProxiedSocket(Channel channel, ContextInternal context) {
    this.channel = channel;
    this.context = context;
    this.incoming = new Pipe(context);
    this.source = new Source(incoming.source());
    this.outgoing = new Outgoing(context);
    incoming.sink().drainHandler(v -> channel.config().setAutoRead(true));
    source.endHandler(v -> {});
    source.exceptionHandler(e -> {});
  }

  /**
   * Takes a socket over before anything of it is read. Vert.x's own is not used any more: it tells
   * of an end ahead of what it holds back for a paused reader, and an idle one keeps several
   * kilobytes.
   */
  public static ProxiedSocket over(NetSocket socket) {
    var connection = (ConnectionBase) socket;
    var proxied =
        new ProxiedSocket(connection.channelHandlerContext().channel(), connection.context());
    var pipeline = proxied.channel.pipeline();
    pipeline.addBefore("handler", HANDLER, proxied.new Incoming());
    pipeline.remove("handler");
    if (pipeline.get("chunkedWriter") != null) {
      pipeline.remove("chunkedWriter");
    }
    return proxied;
  }

  /** Reads the head of one HTTP/1 message, what follows which is the tunnel's. */
  public Future<String> head() {
    return HttpHead.read(channel, HANDLER);
  }

  /** Returns where it lives. */
  public ContextInternal context() {
    return context;
  }

  /** Returns what is beneath, which may have closed before all that came has been read. */
  public Channel channel() {
    return channel;
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return source;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return outgoing;
  }

  @Override
  public Future<Void> reset() {
    incoming.abandon();
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException | UnsupportedOperationException e) {
      // It has ended already, or is none of TCP's.
    }
    var _ = channel.close();
    closed.tryComplete();
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  private final class Incoming extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf bytes) {
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
    public void channelInactive(ChannelHandlerContext context) {
      incoming.sink().end().otherwiseEmpty();
      if (!closed.future().isComplete()) {
        var limit =
            channel
                .eventLoop()
                .schedule(() -> closed.tryComplete(), UNREAD_SECONDS, TimeUnit.SECONDS);
        closed.future().onComplete(v -> limit.cancel(false));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      incoming.fail(cause);
      var _ = context.close();
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
      // After what was written before.
      var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** Has both ways closed once the reader knows that nothing more comes. */
  private final class Source implements ReadStream<Buffer> {
    private final ReadStream<Buffer> source;

    Source(ReadStream<Buffer> source) {
      this.source = source;
    }

    @Override
    public Source handler(Handler<Buffer> handler) {
      source.handler(handler);
      return this;
    }

    @Override
    public Source exceptionHandler(Handler<Throwable> handler) {
      source.exceptionHandler(
          e -> {
            closed.tryFail(e);
            handler.handle(e);
          });
      return this;
    }

    @Override
    public Source endHandler(Handler<Void> handler) {
      source.endHandler(
          v -> {
            handler.handle(null);
            closed.tryComplete();
          });
      return this;
    }

    @Override
    public Source pause() {
      source.pause();
      return this;
    }

    @Override
    public Source resume() {
      source.resume();
      return this;
    }

    @Override
    public Source fetch(long amount) {
      source.fetch(amount);
      return this;
    }
  }
}
