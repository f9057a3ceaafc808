package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.tunnel.Dialer;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;

/** No tunnel at all. */
public final class DirectEnds implements TunnelEnds {
  private final Dialer dialer;

  public DirectEnds(Vertx vertx) {
    this.dialer = new DirectDialer(vertx);
  }

  @Override
  public String way() {
    return dialer.name();
  }

  @Override
  public Dialer dialer() {
    return dialer;
  }

  @Override
  public Map<String, ServerProcess> processes() {
    return Map.of();
  }

  @Override
  public List<String> curl() {
    return List.of();
  }

  @Override
  public void close() {
    // Nobody waits: no connection of it is left.
    dialer.close().otherwiseEmpty();
  }
}
