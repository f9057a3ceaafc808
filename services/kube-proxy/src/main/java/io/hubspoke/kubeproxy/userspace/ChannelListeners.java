package io.hubspoke.kubeproxy.userspace;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens by Netty's channels, where there is no epoll. */
final class ChannelListeners implements ServiceListeners {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelListeners.class);
  private static final int BACKLOG = 1024;

  /** A read takes as much as a fast sender has sent meanwhile. */
  static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(2048, 16 << 10, 256 << 10);

  private final MultiThreadIoEventLoopGroup group;
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();

  ChannelListeners(int threads) {
    group =
        new MultiThreadIoEventLoopGroup(
            threads,
            new DefaultThreadFactory("kube-proxy-forward", true),
            NioIoHandler.newFactory());
  }

  @Override
  public Future<Listening> listen(InetSocketAddress address, Acceptor acceptor) {
    var bound = Promise.<Listening>promise();
    new ServerBootstrap()
        .group(group)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.SO_KEEPALIVE, true)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, READS)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel connection) {
                // After the pipeline is complete, so that what is added to it comes last.
                connection.eventLoop().execute(() -> take(connection, acceptor));
              }
            })
        .bind(address)
        .addListener(
            (ChannelFuture binding) -> {
              if (binding.isSuccess()) {
                open.add(binding.channel());
                bound.complete(() -> close(binding.channel()));
              } else {
                bound.fail(binding.cause());
              }
            });
    return bound.future();
  }

  private static void take(SocketChannel connection, Acceptor acceptor) {
    var taken = new ChannelConnection(connection);
    try {
      acceptor.accept(taken);
    } catch (RuntimeException e) {
      LOG.error("a connection from {} was not taken over", taken.remoteAddress(), e);
      taken.reset();
    }
  }

  private Future<Void> close(Channel channel) {
    open.remove(channel);
    var closed = Promise.<Void>promise();
    channel.close().addListener(done -> closed.complete());
    return closed.future();
  }

  @Override
  public Future<Void> close() {
    var closing = new ArrayList<Future<Void>>();
    open.forEach(channel -> closing.add(close(channel)));
    return Future.join(closing).eventually(() -> end(group)).mapEmpty();
  }

  /** Ends threads, with what is open on them. */
  static Future<Void> end(MultiThreadIoEventLoopGroup group) {
    var done = Promise.<Void>promise();
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).addListener(ended -> done.complete());
    return done.future();
  }
}
