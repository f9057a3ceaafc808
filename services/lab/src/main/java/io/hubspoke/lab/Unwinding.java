package io.hubspoke.lab;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/** Has a measurement end what it has started when this process is told to stop. */
final class Unwinding {
  private static final long PATIENCE_SECONDS = 20;

  private Unwinding() {}

  /** Measures on this thread, which is interrupted then. */
  static int run(IntSupplier measurement) {
    var measuring = Thread.currentThread();
    var over = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(measuring, over), "stop"));
    try {
      return measurement.getAsInt();
    } finally {
      over.countDown();
    }
  }

  private static void stop(Thread measuring, CountDownLatch over) {
    if (over.getCount() > 0) {
      measuring.interrupt();
    }
    try {
      var _ = over.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // What it did not get to.
    ProcessHandle.current().children().forEach(ProcessHandle::destroy);
  }
}
