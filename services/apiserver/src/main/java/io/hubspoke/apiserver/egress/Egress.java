package io.hubspoke.apiserver.egress;

import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelAddress;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;

/** The way to one of the networks that the apiserver dials. There is no other way than this one. */
public final class Egress {
  static final Egress DIRECT = new Egress(null, null);

  private final Vertx vertx;
  private final Dialer dialer;

  private Egress(Vertx vertx, Dialer dialer) {
    this.vertx = vertx;
    this.dialer = dialer;
  }

  static Egress through(Vertx vertx, Dialer dialer) {
    return new Egress(vertx, dialer);
  }

  /** Returns whether it is the network itself, so that names are resolved here. */
  public boolean isDirect() {
    return dialer == null;
  }

  /** Returns what an HTTP client is to be given as its server. */
  public SocketAddress address(Target target) {
    return isDirect()
        ? SocketAddress.inetSocketAddress(target.port(), target.host())
        : new TunnelAddress(vertx, dialer, target);
  }
}
