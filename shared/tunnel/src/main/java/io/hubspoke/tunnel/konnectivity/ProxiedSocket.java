package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.NettySink;
import io.hubspoke.streams.PairedDuplex;
import io.hubspoke.streams.Pipe;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.TimeUnit;

/**
 * A socket that is a tunnel by HTTP's CONNECT, either end of it, on its own context. It ends as a
 * whole, as in every implementation: who half-closes it has closed it.
 *
 * <p>What comes is taken off the channel before Vert.x's handler, which tells of an end ahead of
 * what it holds back for a paused reader.
 */
public final class ProxiedSocket extends PairedDuplex {
  /** How long what came before the end may wait for its reader. */
  private static final int UNREAD_SECONDS = 60;

  private final NetSocketInternal socket;
  private final Pipe arrived;
  private final Incoming incoming = new Incoming();
  private final Outgoing outgoing;
  private final Promise<Void> closed = Promise.promise();

  private ProxiedSocket(NetSocketInternal socket) {
    ContextInternal context = ((ConnectionBase) socket).context();
    this.socket = socket;
    this.arrived = new Pipe(context);
    this.outgoing = new Outgoing(context);
    arrived.sink().drainHandler(v -> channel().config().setAutoRead(true));
    closed.future().otherwiseEmpty();
    endHandler(v -> {});
    exceptionHandler(e -> {});
  }

  /** Takes over what comes after this handler of the socket's; the result is paused. */
  static ProxiedSocket after(String handler, NetSocketInternal socket) {
    var proxied = new ProxiedSocket(socket);
    proxied.channel().pipeline().addAfter(handler, "tunnel", proxied.new Arrivals());
    return proxied;
  }

  private Channel channel() {
    return socket.channelHandlerContext().channel();
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return incoming;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return outgoing;
  }

  @Override
  public Duplex exceptionHandler(Handler<Throwable> handler) {
    incoming.exceptionHandler(handler);
    return this;
  }

  @Override
  public Future<Void> reset() {
    try {
      channel().config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException | UnsupportedOperationException e) {
      // It has ended already, or is none of TCP's.
    }
    // Beneath Vert.x's handler, which would first wait until all is sent that was written.
    var _ = socket.channelHandlerContext().close();
    closed.tryComplete();
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  private final class Arrivals extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      // Fails when the reader has gone.
      arrived.sink().write(BufferInternal.safeBuffer((ByteBuf) message)).otherwiseEmpty();
      if (arrived.sink().writeQueueFull()) {
        channel().config().setAutoRead(false);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      arrived.sink().end().otherwiseEmpty();
      var limit =
          channel()
              .eventLoop()
              .schedule(() -> closed.tryComplete(), UNREAD_SECONDS, TimeUnit.SECONDS);
      closed.future().onComplete(v -> limit.cancel(false));
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      arrived.fail(cause);
      context.fireExceptionCaught(cause);
    }
  }

  /**
   * Knows by itself how much is under way: with TLS, Vert.x hears only after the writer has
   * returned that its socket is full, so that who writes until it is would never stop.
   */
  private final class Outgoing extends NettySink {
    Outgoing(ContextInternal context) {
      super(context);
    }

    @Override
    protected ChannelFuture send(Buffer data) {
      return socket.channelHandlerContext().writeAndFlush(((BufferInternal) data).getByteBuf());
    }

    @Override
    protected void sendEnd() {
      socket.end().otherwiseEmpty();
    }
  }

  /** Has both ways closed once the reader knows that nothing more comes. */
  private final class Incoming implements ReadStream<Buffer> {
    @Override
    public Incoming handler(Handler<Buffer> handler) {
      arrived.source().handler(handler);
      return this;
    }

    @Override
    public Incoming exceptionHandler(Handler<Throwable> handler) {
      arrived
          .source()
          .exceptionHandler(
              e -> {
                closed.tryFail(e);
                handler.handle(e);
              });
      return this;
    }

    @Override
    public Incoming endHandler(Handler<Void> handler) {
      arrived
          .source()
          .endHandler(
              v -> {
                handler.handle(null);
                closed.tryComplete();
              });
      return this;
    }

    @Override
    public Incoming pause() {
      arrived.source().pause();
      return this;
    }

    @Override
    public Incoming resume() {
      arrived.source().resume();
      return this;
    }

    @Override
    public Incoming fetch(long amount) {
      arrived.source().fetch(amount);
      return this;
    }
  }
}
