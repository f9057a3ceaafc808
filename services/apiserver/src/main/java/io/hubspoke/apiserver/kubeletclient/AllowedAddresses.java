package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Names;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

  /** Names by which systems know their own loopback, or clouds their metadata. */
  private static final Set<String> NEAR_NAMES =
      Set.of(
          "localhost.localdomain",
          "localhost4",
          "localhost6",
          "ip6-localhost",
          "ip6-loopback",
          "metadata",
          "metadata.google.internal",
          "metadata.goog",
          "instance-data",
          "instance-data.ec2.internal");

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

  /** Returns whether it is an address rather than a name. */
  public static boolean isLiteral(String host) {
    try {
      return InetAddress.ofLiteral(host) != null;
    } catch (IllegalArgumentException name) {
      return false;
    }
  }

  /**
   * Judges a name that the far end of a tunnel will resolve. It is not looked up here, as the real
   * apiserver doesn't either: what it means to this machine says nothing of what it means there. So
   * the far end's own rules must decide about the address; refused here is what leads every
   * resolver back to itself (RFC 6761 section 6.3) or to its cloud's metadata, and what is no name:
   * resolvers take {@code 127.1} and {@code 0x7f000001} for addresses.
   */
  public static boolean allowsName(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    if (!Names.dns1123Subdomain(name).isEmpty() || NEAR_NAMES.contains(name)) {
      return false;
    }
    String last = name.substring(name.lastIndexOf('.') + 1);
    // What ends in a number is an address in one spelling or another.
    boolean number =
        last.chars().allMatch(c -> c >= '0' && c <= '9') || last.matches("0x[0-9a-f]*");
    return !number && !last.equals("localhost");
  }

  /**
   * Finds a host's address. It is what is to be judged and then connected to, since a name may
   * change its mind in between.
   */
  public static Future<InetAddress> resolve(Vertx vertx, String host) {
    try {
      return Future.succeededFuture(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException notAnAddress) {
      return vertx.executeBlocking(() -> InetAddress.getByName(host), false);
    }
  }
}
