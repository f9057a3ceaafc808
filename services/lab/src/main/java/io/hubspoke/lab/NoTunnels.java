package io.hubspoke.lab;

import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.lab.wire.Wire;
import io.vertx.core.Future;
import java.util.Optional;

/** The apiserver connects to nodes itself. */
public final class NoTunnels implements Tunnels {
  NoTunnels() {}

  @Override
  public void open() {}

  @Override
  public EgressOptions egress() {
    return EgressOptions.NONE;
  }

  @Override
  public Future<Void> publish(ApiClient admin) {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> start(String node, int n) {
    return Future.succeededFuture();
  }

  @Override
  public Optional<Wire> wire(String node) {
    return Optional.empty();
  }

  @Override
  public Future<Void> stop(String node) {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
