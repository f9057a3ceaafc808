package io.hubspoke.controllermanager.workloads;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Does something many times in batches that double while all goes well, so that what fails every
 * time (a quota, say) is tried once and not five hundred times. They double up to a bound: more at
 * a time only wait at the apiserver, and everything else that this client asks waits behind them.
 *
 * @param successes how many went well
 * @param failure the first one; null when there was none
 */
public record SlowStart(int successes, Throwable failure) {
  private static final int LARGEST_BATCH = 16;

  /** Begins with one; waits for each batch. */
  public static SlowStart run(int count, IntFunction<Future<?>> attempt) {
    int successes = 0;
    int batch = 1;
    for (int begun = 0; begun < count; batch = Math.min(batch * 2, LARGEST_BATCH)) {
      List<Future<?>> attempts = new ArrayList<>();
      for (int end = Math.min(count, begun + batch); begun < end; begun++) {
        attempts.add(attempt.apply(begun));
      }
      Future.join(attempts).otherwiseEmpty().await();
      for (var done : attempts) {
        successes += done.succeeded() ? 1 : 0;
      }
      var failed = attempts.stream().filter(Future::failed).findFirst();
      if (failed.isPresent()) {
        return new SlowStart(successes, failed.get().cause());
      }
    }
    return new SlowStart(successes, null);
  }
}
