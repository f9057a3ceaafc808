package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.streams.upgrade.Splice;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Forwards a connection by Netty's channels, where there is no epoll: all bytes are copied. */
final class ChannelConnection implements ClientConnection {
  private final SocketChannel client;
  private final InetSocketAddress peer;
  private volatile Channel endpoint;
  private volatile boolean ended;

  /** Hands a reset on as one. */
  private final class Broken extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      reset();
    }
  }

  ChannelConnection(SocketChannel client) {
    this.client = client;
    client.pipeline().addLast(new Broken());
    this.peer = client.remoteAddress();
  }

  @Override
  public InetSocketAddress remoteAddress() {
    return peer;
  }

  @Override
  public void forward(
      InetSocketAddress address, InetSocketAddress source, int millis, Runnable failed) {
    new Bootstrap()
        .group(client.eventLoop())
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.SO_REUSEADDR, true)
        .option(ChannelOption.RECVBUF_ALLOCATOR, ChannelListeners.READS)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
        .handler(new Broken())
        .connect(address, source)
        .addListener(
            (ChannelFuture dialled) -> {
              if (ended || !client.isOpen()) {
                reset(dialled.channel());
                reset();
              } else if (dialled.isSuccess()) {
                endpoint = dialled.channel();
                var unused = Splice.join(client, endpoint, STANDSTILL);
              } else {
                failed.run();
              }
            });
  }

  @Override
  public void reset() {
    ended = true;
    reset(client);
    var other = endpoint;
    if (other != null) {
      reset(other);
    }
  }

  /** Ends a connection as the kernel answers where nobody listens. */
  private static void reset(Channel channel) {
    try {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    } catch (ChannelException closed) {
      // There is nothing left to be reset.
    }
    var unused = channel.close();
  }

  @Override
  public void resetAfter(Duration time) {
    var end = client.eventLoop().schedule(() -> reset(), time.toMillis(), TimeUnit.MILLISECONDS);
    onEnd(() -> end.cancel(false));
  }

  @Override
  public void onEnd(Runnable action) {
    client.closeFuture().addListener(closed -> action.run());
  }
}
