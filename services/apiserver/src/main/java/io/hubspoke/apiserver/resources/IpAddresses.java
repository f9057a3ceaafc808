package io.hubspoke.apiserver.resources;

import io.hubspoke.api.AddressRange;
import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;

/** Reads addresses and ranges as objects spell them. */
final class IpAddresses {
  private static final AddressRange OWN = AddressRange.parse("127.0.0.0/24");

  private IpAddresses() {}

  static boolean isIpv4(String text) {
    return NetUtil.isValidIpV4Address(text);
  }

  static boolean isIpv6(String text) {
    return text.indexOf('%') < 0 && NetUtil.isValidIpV6Address(text);
  }

  static boolean isAddress(String text) {
    return isIpv4(text) || isIpv6(text);
  }

  /**
   * Says why an address can't be where a service is or leads to; empty when it can. One of the
   * machine's own would let whoever writes services reach, or pose as, what nodes and the control
   * plane keep for themselves (Kubernetes forbids all of 127.0.0.0/8, where a lab's nodes and pods
   * live).
   */
  static List<String> special(String text) {
    if (!isAddress(text)) {
      return List.of("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
    // An IPv4 address in the form of an IPv6 one is read as what it is.
    InetAddress address = InetAddress.ofLiteral(text);
    if (address.isAnyLocalAddress()) {
      return List.of("may not be unspecified (" + text + ")");
    }
    if (OWN.contains(address) || (address.isLoopbackAddress() && address instanceof Inet6Address)) {
      return List.of("may not be in the machine's own loopback range (127.0.0.0/24, ::1/128)");
    }
    if (address.isLinkLocalAddress()) {
      return List.of("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if (address.isMCLinkLocal()) {
      return List.of("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
    return List.of();
  }

  /** Returns whether the text is an address, a slash and the length of a prefix. */
  static boolean isRange(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return false;
    }
    String address = text.substring(0, slash);
    String length = text.substring(slash + 1);
    boolean number =
        !length.isEmpty()
            && length.length() <= 3
            && length.chars().allMatch(c -> c >= '0' && c <= '9');
    return number
        && ((isIpv4(address) && Integer.parseInt(length) <= 32)
            || (isIpv6(address) && Integer.parseInt(length) <= 128));
  }
}
