package io.hubspoke.tunnel;

import io.vertx.core.impl.transports.NioTransport;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.spi.transport.Transport;

/** Gives every Vert.x that is made a {@link TunnelTransport}; {@code ServiceLoader} finds it. */
public final class TunnelTransportProvider implements VertxServiceProvider {
  @Override
  public void init(VertxBootstrap builder) {
    Transport chosen = builder.transport();
    builder.transport(
        new TunnelTransport(
            chosen == null || !chosen.isAvailable() ? NioTransport.INSTANCE : chosen));
  }
}
