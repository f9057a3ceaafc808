package io.hubspoke.controllermanager.nodes;

import io.hubspoke.api.AddressRange;

/**
 * What nodes are given for their pods.
 *
 * @param cluster the addresses of all pods
 * @param maskSize the size of a node's part
 */
public record NodeRangeOptions(AddressRange cluster, int maskSize) {
  /** The real one's default for IPv4. */
  public static final int MASK_SIZE = 24;

  /** Refuses sizes that don't divide the range. */
  public NodeRangeOptions {
    new NodeRanges(cluster, maskSize);
  }

  /** Makes the ranges, of which nobody has any yet. */
  public NodeRanges ranges() {
    return new NodeRanges(cluster, maskSize);
  }
}
