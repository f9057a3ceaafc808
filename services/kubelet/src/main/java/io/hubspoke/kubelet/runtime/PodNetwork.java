package io.hubspoke.kubelet.runtime;

import java.util.HashSet;
import java.util.Set;

/**
 * Hands out pod addresses of a node's IPv4 range, the way the host-local CNI plugin does: one after
 * the other, so that an address just given back is not used again at once.
 */
final class PodNetwork {
  private final Set<Long> used = new HashSet<>();
  private long first;
  private long last = -1;
  private long next;
  private String cidr = "";

  /**
   * Sets the range; addresses already handed out stay valid.
   *
   * @throws IllegalArgumentException when it is no IPv4 range of at least four addresses
   */
  synchronized void range(String range) {
    if (range.equals(cidr)) {
      return;
    }
    int slash = range.indexOf('/');
    int bits;
    try {
      bits = Integer.parseInt(range.substring(slash + 1));
    } catch (NumberFormatException e) {
      bits = -1;
    }
    if (slash < 0 || bits < 8 || bits > 30) {
      throw new IllegalArgumentException(
          "a pod CIDR must be an IPv4 range such as 127.20.1.0/24, but is \"" + range + "\"");
    }
    long size = 1L << (32 - bits);
    long base = number(range.substring(0, slash)) & -size;
    cidr = range;
    // Without the network's own address, the gateway's (the first) and the broadcast address.
    first = base + 2;
    last = base + size - 2;
    next = first;
  }

  synchronized boolean hasRange() {
    return last >= 0;
  }

  /**
   * Returns a free address.
   *
   * @throws IllegalStateException when all are in use
   */
  synchronized String allocate() {
    long size = last - first + 1;
    for (long i = 0; i < size; i++) {
      long candidate = next;
      next = next == last ? first : next + 1;
      if (used.add(candidate)) {
        return text(candidate);
      }
    }
    throw new IllegalStateException("no IP addresses available in range set: " + cidr);
  }

  synchronized void release(String address) {
    used.remove(number(address));
  }

  private static long number(String address) {
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

  private static String text(long address) {
    return (address >> 24)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255);
  }
}
