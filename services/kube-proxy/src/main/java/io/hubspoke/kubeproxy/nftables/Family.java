package io.hubspoke.kubeproxy.nftables;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;

/** A kind of IP, which has tables of its own in nftables. */
enum Family {
  IPV4("ip", "ipv4_addr", "127.0.0.0/8"),
  IPV6("ip6", "ipv6_addr", "::1");

  /** As tables and matches name it. */
  final String keyword;

  /** The type of sets of its addresses. */
  final String addressType;

  final String loopback;

  Family(String keyword, String addressType, String loopback) {
    this.keyword = keyword;
    this.addressType = addressType;
    this.loopback = loopback;
  }

  /**
   * Returns an address as a script may contain it: written anew from its bytes, so that nothing
   * else can come along. Empty for one of the other kind; never asks a name server.
   *
   * @throws IllegalArgumentException when it is no address
   */
  Optional<InetAddress> address(String text) {
    if (text.indexOf('%') >= 0) {
      throw new IllegalArgumentException("\"" + text + "\" has a scope");
    }
    InetAddress address = InetAddress.ofLiteral(text);
    return (address instanceof Inet4Address) == (this == IPV4)
        ? Optional.of(address)
        : Optional.empty();
  }
}
