package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;

/** Connects to targets itself: what tunnels are compared with. */
final class DirectDialer implements Dialer {
  private final Vertx vertx;
  private final NetClient client;

  DirectDialer(Vertx vertx) {
    this.vertx = vertx;
    this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
  }

  @Override
  public String name() {
    return "direct";
  }

  @Override
  public Future<Duplex> dial(Target target) {
    return SocketDuplex.connect(
        vertx, client, SocketAddress.inetSocketAddress(target.port(), target.host()));
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }
}
