package io.hubspoke.runtime;

import java.time.Duration;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Counts how long things take, by steps. */
public final class Histogram {
  private static final double[] TENS = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3};

  private final double[] bounds;
  private final LongAdder[] counts;
  private final DoubleAdder sum = new DoubleAdder();

  /** Counts by steps of ten from a microsecond to a thousand seconds. */
  public Histogram() {
    this(TENS);
  }

  /**
   * Counts by these steps.
   *
   * @param bounds in seconds, each larger than the one before
   */
  public Histogram(double... bounds) {
    this.bounds = bounds.clone();
    this.counts = new LongAdder[bounds.length + 1];
    for (var i = 0; i < counts.length; i++) {
      counts[i] = new LongAdder();
    }
  }

  public void record(Duration time) {
    var seconds = time.toNanos() / 1e9;
    var step = 0;
    while (step < bounds.length && seconds > bounds[step]) {
      step++;
    }
    counts[step].increment();
    sum.add(seconds);
  }

  int steps() {
    return bounds.length;
  }

  double bound(int step) {
    return bounds[step];
  }

  /** Returns how many were as long as a step's bound at most; the last step has none. */
  long upTo(int step) {
    var count = 0L;
    for (var i = 0; i <= step; i++) {
      count += counts[i].sum();
    }
    return count;
  }

  double sum() {
    return sum.sum();
  }
}
