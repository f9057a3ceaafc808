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
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP connection whose halves end by themselves, which Vert.x's own sockets can't. */
public final class SocketDuplex extends PairedDuplex {
  private final Channel channel;
  private final Pipe incoming;
  private final NettySink outgoing;
  private final Promise<Void> closed = Promise.promise();
  private final AtomicInteger ended = new AtomicInteger();

  private SocketDuplex(ContextInternal context, NetSocketInternal socket) {
    this.channel = socket.channelHandlerContext().channel();
    this.incoming = new Pipe(context);
    this.outgoing = new Outgoing(context);
    incoming.sink().drainHandler(v -> channel.config().setAutoRead(true));
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    // Vert.x's own handler would keep several kilobytes for each connection, for what is not used.
    channel.pipeline().replace("handler", "duplex", new Incoming());
  }

  /** Connects; the result is paused. */
  public static Future<Duplex> connect(Vertx vertx, NetClient client, SocketAddress address) {
    return connect(((VertxInternal) vertx).createEventLoopContext(), client, address);
  }

  /**
   * Connects; the result is paused, and lives on the context's event loop.
   *
   * @param context of an event loop
   */
  public static Future<Duplex> connect(
      ContextInternal context, NetClient client, SocketAddress address) {
    Promise<Duplex> connected = context.promise();
    // On the event loop of the connection, so that nothing is read before it is taken over.
    context.runOnContext(
        v ->
            client
                .connect(address)
                .<Duplex>map(socket -> new SocketDuplex(context, (NetSocketInternal) socket))
                .onComplete(connected));
    return connected.future();
  }

  private void halfEnded() {
    if (ended.incrementAndGet() == 2) {
      var _ = channel.close();
    }
  }

  private final class Incoming extends ChannelInboundHandlerAdapter {
    private boolean over;

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
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent && !over) {
        over = true;
        incoming.sink().end().otherwiseEmpty();
        halfEnded();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      incoming.sink().end().otherwiseEmpty();
      closed.tryComplete();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      incoming.fail(cause);
      closed.tryFail(cause);
      var _ = context.close();
    }
  }

  private final class Outgoing extends NettySink {
    private boolean over;

    Outgoing(ContextInternal context) {
      super(context);
    }

    @Override
    protected ChannelFuture send(Buffer data) {
      return channel.writeAndFlush(((BufferInternal) data).getByteBuf());
    }

    @Override
    protected void sendEnd() {
      if (!over && channel instanceof DuplexChannel duplex) {
        over = true;
        // Netty drops what has not left yet when an output is shut down.
        var _ =
            channel
                .writeAndFlush(Unpooled.EMPTY_BUFFER)
                .addListener(
                    left -> {
                      var _ = duplex.shutdownOutput().addListener(done -> halfEnded());
                    });
      }
    }
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return incoming.source();
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
    } catch (ChannelException ended) {
      // It has ended already.
    }
    var _ = channel.close();
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }
}
