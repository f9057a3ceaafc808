package io.hubspoke.runtime;

import java.time.Duration;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Counts how long things take, by steps of ten from a microsecond to a thousand seconds. */
public final class Histogram {
  private static final double FIRST = 1e-6;
  private static final int STEPS = 10;

  private final LongAdder[] counts = new LongAdder[STEPS + 1];
  private final DoubleAdder sum = new DoubleAdder();

  public Histogram() {
    for (var i = 0; i < counts.length; i++) {
      counts[i] = new LongAdder();
    }
  }

  public void record(Duration time) {
    var seconds = time.toNanos() / 1e9;
    var step = 0;
    while (step < STEPS && seconds > bound(step)) {
      step++;
    }
    counts[step].increment();
    sum.add(seconds);
  }

  static int steps() {
    return STEPS;
  }

  static double bound(int step) {
    return FIRST * Math.pow(10, step);
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
