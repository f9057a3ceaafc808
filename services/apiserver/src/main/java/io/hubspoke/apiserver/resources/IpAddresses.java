package io.hubspoke.apiserver.resources;

import io.netty.util.NetUtil;

/** Reads addresses and ranges as objects spell them. */
final class IpAddresses {
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
