package io.hubspoke.apiserver.egress;

import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import java.time.Duration;

/** Counts and times the dials of another dialer. */
final class MeteredDialer implements Dialer {
  private final Dialer dialer;
  private final DialMetrics.Way metrics;

  MeteredDialer(Dialer dialer, DialMetrics.Way metrics) {
    this.dialer = dialer;
    this.metrics = metrics;
  }

  @Override
  public String name() {
    return dialer.name();
  }

  @Override
  public Future<Duplex> dial(Target target) {
    metrics.started();
    long began = System.nanoTime();
    return dialer
        .dial(target)
        .onSuccess(connected -> metrics.succeeded(Duration.ofNanos(System.nanoTime() - began)))
        .onFailure(
            e ->
                metrics.failed(
                    e instanceof TunnelDownException
                        ? DialMetrics.Stage.CONNECT
                        : DialMetrics.Stage.PROXY));
  }

  @Override
  public Future<Void> close() {
    return dialer.close();
  }
}
