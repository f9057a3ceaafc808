package io.hubspoke.kubelet.runtime;

import java.util.HashSet;
import java.util.Set;

/**
 * Hands out pod addresses of a node's IPv4 range, the way the host-local CNI plugin does: one after
 * the other, so that an address just given back is not used again at once.
 */
public final class PodNetwork {
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
  public synchronized void range(String range) {
    if (range.equals(cidr)) {
      return;
    }
    Ipv4Range parsed = Ipv4Range.parse(range);
    cidr = range;
    // Without the network's own address, the gateway's (the first) and the broadcast address.
    first = parsed.base() + 2;
    last = parsed.base() + parsed.size() - 2;
    next = first;
  }

  /** Returns whether a range was set. */
  public synchronized boolean hasRange() {
    return last >= 0;
  }

  /**
   * Returns a free address.
   *
   * @throws IllegalStateException when all are in use
   */
  public synchronized String allocate() {
    long size = last - first + 1;
    for (long i = 0; i < size; i++) {
      long candidate = next;
      next = next == last ? first : next + 1;
      if (used.add(candidate)) {
        return Ipv4Range.text(candidate);
      }
    }
    throw new IllegalStateException("no IP addresses available in range set: " + cidr);
  }

  /** Takes an address back. */
  public synchronized void release(String address) {
    used.remove(Ipv4Range.number(address));
  }
}
