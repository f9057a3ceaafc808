package io.hubspoke.controllermanager.nodes;

import io.hubspoke.api.AddressRange;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which node has which part of the pods' addresses. Parts that nodes have already are taken note
 * of; others come out of what is free, the lowest first. Not thread-safe.
 */
public final class NodeRanges {
  private static final int LONGEST = 30;

  private final int first;
  private final int maskSize;
  private final int count;
  private final BitSet taken = new BitSet();
  private final Map<String, Integer> byNode = new HashMap<>();

  /**
   * Divides a range.
   *
   * @throws IllegalArgumentException when it is not of IPv4, or has no part of that size
   */
  public NodeRanges(AddressRange cluster, int maskSize) {
    byte[] base = cluster.base().getAddress();
    if (base.length != 4) {
      throw new IllegalArgumentException("--cluster-cidr must be a range of IPv4 addresses");
    }
    if (maskSize < cluster.bits() || maskSize > LONGEST || maskSize - cluster.bits() > 16) {
      throw new IllegalArgumentException(
          "--node-cidr-mask-size must be from %d to %d for a range of /%d, but is %d"
              .formatted(
                  cluster.bits(),
                  Math.min(LONGEST, cluster.bits() + 16),
                  cluster.bits(),
                  maskSize));
    }
    this.maskSize = maskSize;
    this.count = 1 << (maskSize - cluster.bits());
    this.first =
        cluster.bits() == 0 ? 0 : ByteBuffer.wrap(base).getInt() & (-1 << (32 - cluster.bits()));
  }

  /** Takes note of what a node has; a range that is none of these counts for nothing. */
  public void occupied(String node, String cidr) {
    AddressRange range;
    try {
      range = AddressRange.parse(cidr);
    } catch (IllegalArgumentException notOurs) {
      return;
    }
    byte[] base = range.base().getAddress();
    if (base.length == 4 && range.bits() == maskSize) {
      int part = (ByteBuffer.wrap(base).getInt() - first) >>> (32 - maskSize);
      if (part < count) {
        take(node, part);
      }
    }
  }

  /** Returns the part that a node has from now on; empty when none is left. */
  public Optional<String> assign(String node) {
    Integer part = byNode.get(node);
    if (part == null) {
      part = taken.nextClearBit(0);
      if (part >= count) {
        return Optional.empty();
      }
      take(node, part);
    }
    return Optional.of(cidr(part));
  }

  /** A node is gone. */
  public void release(String node) {
    Integer part = byNode.remove(node);
    if (part != null && !byNode.containsValue(part)) {
      taken.clear(part);
    }
  }

  private void take(String node, int part) {
    Integer before = byNode.put(node, part);
    if (before != null && before != part && !byNode.containsValue(before)) {
      taken.clear(before);
    }
    taken.set(part);
  }

  private String cidr(int part) {
    byte[] address = ByteBuffer.allocate(4).putInt(first + (part << (32 - maskSize))).array();
    try {
      return InetAddress.getByAddress(address).getHostAddress() + "/" + maskSize;
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an IPv4 address has four bytes", e);
    }
  }
}
