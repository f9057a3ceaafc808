package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.socket.SocketChannel;
import io.vertx.core.Future;
import java.net.InetSocketAddress;

/** Where connections to the addresses of services come in. */
public interface ServiceListeners {
  /** Gets connections. */
  @FunctionalInterface
  interface Acceptor {
    /** Takes a connection over, on its event loop; nothing is read of it so far. */
    void accept(SocketChannel connection);
  }

  /** An address that is listened on. */
  @FunctionalInterface
  interface Listening {
    /** Accepts nothing more there; connections that were accepted go on. */
    Future<Void> close();
  }

  /** Listens on an address; fails when it cannot be bound. */
  Future<Listening> listen(InetSocketAddress address, Acceptor acceptor);

  /** Listens nowhere any more. */
  Future<Void> close();
}
