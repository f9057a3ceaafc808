package io.hubspoke.lab.scale;

import java.util.concurrent.TimeUnit;

/**
 * Has the heap collected whenever it has grown by a share since it was last. The serial collector
 * would rather let the old part grow to the maximum, most of it garbage that only looked as if it
 * would stay.
 */
public final class HeapPace {
  private static final long LOOK_MILLIS = 500;

  /** What may come and go, however little stays. */
  private static final long LEAST = 24 << 20;

  private HeapPace() {}

  /**
   * Does so until this process ends.
   *
   * @param share by which what stays may grow, such as 0.25
   */
  public static void keep(double share) {
    Thread.ofPlatform().daemon().name("heap pace").start(() -> look(share));
  }

  private static void look(double share) {
    var most = 2 * LEAST;
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        if (used() > most) {
          System.gc();
          most = used() + Math.max(LEAST, (long) (used() * share));
        }
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private static long used() {
    var runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
