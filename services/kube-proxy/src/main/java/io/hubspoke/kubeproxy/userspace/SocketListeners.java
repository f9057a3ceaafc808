package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.SocketChannel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A listening socket for each address. */
public final class SocketListeners implements ServiceListeners {
  private final EventLoops loops;
  private final Set<Channel> open = ConcurrentHashMap.newKeySet();

  private SocketListeners(EventLoops loops) {
    this.loops = loops;
  }

  /** Makes them, with threads of their own. */
  public static SocketListeners create() {
    return new SocketListeners(EventLoops.create());
  }

  @Override
  public Future<Listening> listen(InetSocketAddress address, Acceptor acceptor) {
    var bound = Promise.<Listening>promise();
    loops
        .server()
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel connection) {
                EventLoops.handle(connection);
                // After the pipeline is complete, so that what is added to it comes last.
                connection.eventLoop().execute(() -> acceptor.accept(connection));
              }
            })
        .bind(address)
        .addListener(
            (io.netty.channel.ChannelFuture binding) -> {
              if (binding.isSuccess()) {
                open.add(binding.channel());
                bound.complete(() -> close(binding.channel()));
              } else {
                bound.fail(binding.cause());
              }
            });
    return bound.future();
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
    return Future.join(closing).eventually(loops::close).mapEmpty();
  }
}
