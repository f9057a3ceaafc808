package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.SocketDuplex;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Dials by TCP from here, whatever node the target is on. */
final class RelayDialer implements Dialer {
  final List<Target> dialled = new CopyOnWriteArrayList<>();
  final List<Duplex> connections = new CopyOnWriteArrayList<>();
  private final Vertx vertx;
  private final NetClient client;

  RelayDialer(Vertx vertx) {
    this.vertx = vertx;
    this.client = vertx.createNetClient();
  }

  @Override
  public String name() {
    return "relay";
  }

  @Override
  public Future<Duplex> dial(Target target) {
    dialled.add(target);
    return SocketDuplex.connect(
            vertx, client, SocketAddress.inetSocketAddress(target.port(), target.host()))
        .onSuccess(connections::add);
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }
}
