package io.hubspoke.tunnel;

import java.net.SocketAddress;

/** A {@link TunnelAddress} as Netty passes it to a channel. */
final class TunnelPeer extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private final transient TunnelAddress address;

  TunnelPeer(TunnelAddress address) {
    this.address = address;
  }

  TunnelAddress address() {
    return address;
  }

  @Override
  public String toString() {
    return address.toString();
  }
}
