package io.hubspoke.kubelet.runtime;

/**
 * A range of IPv4 addresses, from its network's own to its broadcast address.
 *
 * @param base the first address as a number
 * @param size how many there are, a power of two
 */
record Ipv4Range(long base, long size) {

  /**
   * Reads CIDR notation.
   *
   * @throws IllegalArgumentException when it is no IPv4 range of at least four addresses
   */
  static Ipv4Range parse(String cidr) {
    int slash = cidr.indexOf('/');
    int bits;
    try {
      bits = Integer.parseInt(cidr.substring(slash + 1));
    } catch (NumberFormatException e) {
      bits = -1;
    }
    if (slash < 0 || bits < 8 || bits > 30) {
      throw new IllegalArgumentException(
          "a pod CIDR must be an IPv4 range such as 127.20.1.0/24, but is \"" + cidr + "\"");
    }
    long size = 1L << (32 - bits);
    return new Ipv4Range(number(cidr.substring(0, slash)) & -size, size);
  }

  /** Returns the address of this range in the place that the other one has in its own. */
  String counterpart(String address) {
    return text(base + (number(address) & (size - 1)));
  }

  static long number(String address) {
    String[] parts = address.split("\\.", -1);
    if (parts.length != 4) {
      throw new IllegalArgumentException("not an IPv4 address: \"" + address + "\"");
    }
    long value = 0;
    for (String part : parts) {
      int octet;
      try {
        octet = Integer.parseInt(part);
      } catch (NumberFormatException e) {
        octet = -1;
      }
      if (octet < 0 || octet > 255) {
        throw new IllegalArgumentException("not an IPv4 address: \"" + address + "\"");
      }
      value = value << 8 | octet;
    }
    return value;
  }

  static String text(long address) {
    return (address >> 24)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255);
  }
}
