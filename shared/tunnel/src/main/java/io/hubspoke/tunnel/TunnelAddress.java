package io.hubspoke.tunnel;

import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.util.Objects;

/**
 * Leads an HTTP or TCP client of Vert.x to a target by a dialer instead of a socket: {@code
 * RequestOptions.setServer(address).setHost(name)}. Everything above stays as it is: pooling, TLS
 * and its verification of the host, upgrades. Two are equal when dialer and target are, so that a
 * pool never lends a connection to one target, or through one dialer, to another.
 *
 * <p>Works with clients of a Vert.x whose transport is a {@link TunnelTransport}, as every one is
 * that is made while this library is on the class path.
 */
public record TunnelAddress(Vertx vertx, Dialer dialer, Target target) implements SocketAddress {
  public TunnelAddress {
    Objects.requireNonNull(vertx, "vertx");
    Objects.requireNonNull(dialer, "dialer");
    Objects.requireNonNull(target, "target");
  }

  @Override
  public String host() {
    return target.host();
  }

  @Override
  public String hostName() {
    return null;
  }

  @Override
  public String hostAddress() {
    return null;
  }

  @Override
  public int port() {
    return target.port();
  }

  @Override
  public String path() {
    return toString();
  }

  @Override
  public boolean isInetSocket() {
    return false;
  }

  /** Claims to be one, which is how Vert.x leaves an address alone. */
  @Override
  public boolean isDomainSocket() {
    return true;
  }

  @Override
  public String toString() {
    return target.authority() + " through " + dialer.name();
  }
}
