package io.hubspoke.lab.scale;

import java.util.ArrayList;
import java.util.List;

/** Nodes by their numbers, which say their names and addresses; from the first to the last. */
public record NodeRange(int first, int last) {
  public NodeRange {
    if (first < 1 || last < first) {
      throw new IllegalArgumentException("no range of nodes: %d to %d".formatted(first, last));
    }
  }

  public int size() {
    return last - first + 1;
  }

  /** Deals so many nodes out to so many pools, as evenly as can be. */
  static List<NodeRange> deal(int nodes, int pools) {
    var ranges = new ArrayList<NodeRange>();
    for (var pool = 0; pool < pools; pool++) {
      ranges.add(
          new NodeRange(
              (int) ((long) nodes * pool / pools) + 1, (int) ((long) nodes * (pool + 1) / pools)));
    }
    return ranges;
  }

  @Override
  public String toString() {
    return first + " to " + last;
  }
}
