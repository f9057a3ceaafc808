package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.NodeInfo;

/** One reason's view of one pod: points for nodes, in the end from 0 to {@link #MOST}. */
@FunctionalInterface
public interface NodeScorer {
  int MOST = 100;

  long score(NodeInfo node);

  /** Brings the points of all nodes into their range. */
  default void normalize(long[] scores) {}

  /** Stretches points so that the best has the most. */
  static void stretch(long[] scores) {
    var best = best(scores);
    for (int i = 0; best > 0 && i < scores.length; i++) {
      scores[i] = MOST * scores[i] / best;
    }
  }

  /** Turns points round, so that the one with the fewest is the best. */
  static void reverse(long[] scores) {
    var best = best(scores);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = best == 0 ? MOST : MOST - MOST * scores[i] / best;
    }
  }

  private static long best(long[] scores) {
    long best = 0;
    for (var score : scores) {
      best = Math.max(best, score);
    }
    return best;
  }
}
