package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.epoll.Epoll;
import io.vertx.core.Future;
import java.net.InetSocketAddress;

/** Where connections to the addresses of services come in. */
public interface ServiceListeners {
  /** Gets connections. */
  @FunctionalInterface
  interface Acceptor {
    /** Takes a connection over, on its own thread. */
    void accept(ClientConnection connection);
  }

  /** An address that is listened on. */
  @FunctionalInterface
  interface Listening {
    /** Accepts nothing more there; connections that were accepted go on. */
    Future<Void> close();
  }

  /** Makes those of this process, with a socket for each address and threads of their own. */
  static ServiceListeners create() {
    // As many as there are processors, and no more than four.
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
    return Epoll.isAvailable() ? new EpollListeners(threads) : new ChannelListeners(threads);
  }

  /** Listens on an address; fails when it cannot be bound. */
  Future<Listening> listen(InetSocketAddress address, Acceptor acceptor);

  /** Listens nowhere any more. */
  Future<Void> close();
}
