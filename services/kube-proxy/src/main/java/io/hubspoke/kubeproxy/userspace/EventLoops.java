package io.hubspoke.kubeproxy.userspace;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.concurrent.TimeUnit;

/**
 * The threads that forward, apart from those that serve and follow the API: many bytes must not
 * hold those up. On Linux they are epoll's, by which a source address costs no port of its own.
 */
final class EventLoops {
  private static final int BACKLOG = 1024;

  /** A read takes as much as a fast sender has sent meanwhile. */
  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(2048, 16 << 10, 256 << 10);

  private final boolean epoll = Epoll.isAvailable();
  private final EventLoopGroup group;

  EventLoops(int threads) {
    group =
        new MultiThreadIoEventLoopGroup(
            threads,
            new DefaultThreadFactory("kube-proxy-forward", true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /** As many threads as there are processors, and no more than four. */
  static EventLoops create() {
    return new EventLoops(Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4));
  }

  /**
   * Accepts connections of which nothing is read before somebody asks for it. Netty sends small
   * pieces at once (TCP_NODELAY) without being told.
   */
  ServerBootstrap server() {
    return new ServerBootstrap()
        .group(group)
        .channelFactory(
            () ->
                epoll
                    ? server(new EpollServerSocketChannel())
                    : server(new NioServerSocketChannel()))
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.SO_KEEPALIVE, true);
  }

  private static ServerChannel server(ServerChannel channel) {
    return channel;
  }

  /** Connects on the event loop of a connection that {@link #server} accepted. */
  static Bootstrap client(Channel accepted) {
    EventLoop loop = accepted.eventLoop();
    var bootstrap =
        new Bootstrap()
            .group(loop)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel endpoint) {
                    handle(endpoint);
                  }
                });
    if (accepted instanceof EpollSocketChannel) {
      // Ports are unique for each pair of ends then, so that thousands a second are enough.
      return bootstrap
          .channelFactory(EpollSocketChannel::new)
          .option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
    }
    return bootstrap.channelFactory(NioSocketChannel::new).option(ChannelOption.SO_REUSEADDR, true);
  }

  /** Ends a connection with a reset, as the kernel answers where nobody listens. */
  static void reset(Channel channel) {
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      var unused = channel.close();
    }
  }

  static void handle(SocketChannel connection) {
    connection.config().setRecvByteBufAllocator(READS);
    connection.pipeline().addLast(new EarlyBytes());
  }

  Future<Void> close() {
    var done = Promise.<Void>promise();
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).addListener(ended -> done.complete());
    return done.future();
  }
}
