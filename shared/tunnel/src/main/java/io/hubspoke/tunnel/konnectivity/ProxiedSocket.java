package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PairedDuplex;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.TimeUnit;

/**
 * A socket that is a tunnel by HTTP's CONNECT, either end of it, on its own context. It ends as a
 * whole, as in every implementation: who half-closes it has closed it.
 */
public final class ProxiedSocket extends PairedDuplex {
  /** How long what came before the end may wait for its reader. */
  private static final int UNREAD_SECONDS = 10;

  private final NetSocketInternal socket;
  private final Incoming incoming = new Incoming();
  private final Promise<Void> closed = Promise.promise();

  private ProxiedSocket(NetSocketInternal socket) {
    this.socket = socket;
    closed.future().otherwiseEmpty();
  }

  /** Takes a socket over; it is paused. */
  public static ProxiedSocket over(NetSocketInternal socket) {
    var proxied = new ProxiedSocket(socket);
    socket.pause();
    socket.closeHandler(v -> proxied.socketClosed());
    proxied.endHandler(v -> {});
    proxied.exceptionHandler(e -> {});
    return proxied;
  }

  private void socketClosed() {
    var limit =
        channel()
            .eventLoop()
            .schedule(() -> closed.tryComplete(), UNREAD_SECONDS, TimeUnit.SECONDS);
    closed.future().onComplete(v -> limit.cancel(false));
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
    return socket;
  }

  @Override
  public Duplex exceptionHandler(Handler<Throwable> handler) {
    socket.exceptionHandler(
        e -> {
          closed.tryFail(e);
          handler.handle(e);
        });
    return this;
  }

  @Override
  public Future<Void> reset() {
    try {
      channel().config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException | UnsupportedOperationException e) {
      // It has ended already, or is none of TCP's.
    }
    var _ = channel().close();
    closed.tryComplete();
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  private final class Incoming implements ReadStream<Buffer> {
    @Override
    public Incoming handler(Handler<Buffer> handler) {
      socket.handler(handler);
      return this;
    }

    @Override
    public Incoming exceptionHandler(Handler<Throwable> handler) {
      ProxiedSocket.this.exceptionHandler(handler);
      return this;
    }

    @Override
    public Incoming endHandler(Handler<Void> handler) {
      socket.endHandler(
          v -> {
            handler.handle(null);
            closed.tryComplete();
          });
      return this;
    }

    @Override
    public Incoming pause() {
      socket.pause();
      return this;
    }

    @Override
    public Incoming resume() {
      socket.resume();
      return this;
    }

    @Override
    public Incoming fetch(long amount) {
      socket.fetch(amount);
      return this;
    }
  }
}
