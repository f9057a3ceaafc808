package io.hubspoke.lab.bench;

import java.util.Arrays;

/** How long each of many took; every one is kept, since a summary would hide the slow ones. */
public final class Latencies {
  private long[] nanos = new long[1 << 12];
  private int count;
  private boolean sorted;

  /** Notes one, in nanoseconds. */
  public void add(long took) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, count * 2);
    }
    nanos[count++] = took;
    sorted = false;
  }

  /** Returns what was noted so far, and begins anew. */
  public Latencies take() {
    var taken = new Latencies();
    taken.nanos = nanos;
    taken.count = count;
    taken.sorted = sorted;
    nanos = new long[1 << 12];
    count = 0;
    return taken;
  }

  /** Returns how many there are. */
  public int count() {
    return count;
  }

  /** Returns the time within which a share of them was done, in milliseconds; NaN for none. */
  public double percentile(double share) {
    if (count == 0) {
      return Double.NaN;
    }
    if (!sorted) {
      Arrays.sort(nanos, 0, count);
      sorted = true;
    }
    int rank = (int) Math.ceil(share * count) - 1;
    return nanos[Math.clamp(rank, 0, count - 1)] / 1e6;
  }
}
