package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.api.AddressRange;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Judges where the apiserver may connect to on the word of others. An address that leads back to
 * this machine, to its link or to a cloud's metadata would let whoever names it use the apiserver
 * against its neighbours. A lab's own ranges are exempt.
 */
public final class AllowedAddresses {
  /** Of clouds whose metadata is not on a link-local address. */
  private static final Set<InetAddress> METADATA =
      Set.of(
          InetAddress.ofLiteral("fd00:ec2::254"),
          InetAddress.ofLiteral("100.100.100.200"),
          InetAddress.ofLiteral("192.0.0.192"));

  private final List<AddressRange> exempt;

  /** Exempts these loopback and link-local ranges. */
  public AllowedAddresses(List<AddressRange> exempt) {
    this.exempt = List.copyOf(exempt);
  }

  /** Returns the same with more ranges exempt. */
  public AllowedAddresses and(List<AddressRange> more) {
    List<AddressRange> all = new ArrayList<>(exempt);
    all.addAll(more);
    return new AllowedAddresses(all);
  }

  public boolean contains(InetAddress address) {
    if (address.isMulticastAddress() || address.isAnyLocalAddress() || METADATA.contains(address)) {
      return false;
    }
    if (!address.isLoopbackAddress() && !address.isLinkLocalAddress()) {
      return true;
    }
    return exempt.stream().anyMatch(range -> range.contains(address));
  }

  /**
   * Finds a host's address. It is what is to be judged and then connected to, since a name may
   * change its mind in between.
   */
  static Future<InetAddress> resolve(Vertx vertx, String host) {
    try {
      return Future.succeededFuture(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException notAnAddress) {
      return vertx.executeBlocking(() -> InetAddress.getByName(host), false);
    }
  }
}
