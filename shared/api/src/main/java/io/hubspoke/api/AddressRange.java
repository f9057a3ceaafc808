package io.hubspoke.api;

import java.net.InetAddress;

/** A range of IP addresses in CIDR notation, such as {@code 127.10.0.0/16}. */
public record AddressRange(InetAddress base, int bits) {

  /**
   * Parses CIDR notation; never asks a name server.
   *
   * @throws IllegalArgumentException when it is not a range of addresses
   */
  public static AddressRange parse(String cidr) {
    int slash = cidr.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(
          "\"" + cidr + "\" is not a CIDR range, expected such as 10.0.0.0/8");
    }
    InetAddress base = InetAddress.ofLiteral(cidr.substring(0, slash));
    int bits = Integer.parseInt(cidr.substring(slash + 1));
    if (bits < 0 || bits > base.getAddress().length * 8) {
      throw new IllegalArgumentException("\"" + cidr + "\" has too long a prefix");
    }
    return new AddressRange(base, bits);
  }

  @Override
  public String toString() {
    return base.getHostAddress() + "/" + bits;
  }

  public boolean contains(InetAddress address) {
    byte[] ours = base.getAddress();
    byte[] theirs = address.getAddress();
    if (ours.length != theirs.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >> (bit % 8);
      if ((ours[bit / 8] & mask) != (theirs[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }
}
