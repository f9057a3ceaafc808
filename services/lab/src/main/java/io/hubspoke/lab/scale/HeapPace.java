package io.hubspoke.lab.scale;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.util.concurrent.TimeUnit;

/**
 * Has the heap collected whenever its old part has grown by a share since it was last. The serial
 * collector would rather let that grow to the maximum, most of it garbage that only looked as if it
 * would stay.
 */
public final class HeapPace {
  /** The serial collector's name for it. */
  private static final String OLD = "Tenured Gen";

  private static final long LOOK_MILLIS = 500;

  /** What may come and go, however little stays. */
  private static final long LEAST = 24 << 20;

  private HeapPace() {}

  /**
   * Does so until this process ends; nothing where another collector is at work.
   *
   * @param share by which what stays may grow, such as 0.25
   */
  public static void keep(double share) {
    ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getName().equals(OLD))
        .findAny()
        .ifPresent(
            old -> Thread.ofPlatform().daemon().name("heap pace").start(() -> look(old, share)));
  }

  private static void look(MemoryPoolMXBean old, double share) {
    var most = 2 * LEAST;
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        if (old.getUsage().getUsed() > most) {
          System.gc();
          var stays = old.getUsage().getUsed();
          most = stays + Math.max(LEAST, (long) (stays * share));
        }
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }
}
