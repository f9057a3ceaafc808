package io.hubspoke.kubelet;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** How long a kubelet's loops go on; their waits end when it does. */
final class Lifetime {
  /** Something to do at the end, unless it is given up before. */
  interface Ending extends AutoCloseable {
    @Override
    void close();
  }

  private final Vertx vertx;
  private final Promise<Void> over = Promise.promise();

  // A future holds its listeners for as long as it is open, which this one is for all of a
  // kubelet's life: what waits again and again must be able to go.
  private final Set<Once> endings = ConcurrentHashMap.newKeySet();

  Lifetime(Vertx vertx) {
    this.vertx = vertx;
  }

  void end() {
    over.tryComplete();
    endings.forEach(Once::run);
  }

  boolean ended() {
    return over.future().isComplete();
  }

  /** Completes at the end; for what asks once. */
  Future<Void> over() {
    return over.future();
  }

  /** Does something at the end, or at once when that was before, until it is closed. */
  Ending atEnd(Runnable work) {
    Once once = new Once(work);
    endings.add(once);
    if (ended()) {
      once.run();
    }
    return once;
  }

  /** Waits on a virtual thread for a while, or until the end. */
  void sleep(Duration time) {
    Promise<Void> woken = Promise.promise();
    long timer = vertx.setTimer(Math.max(1, time.toMillis()), id -> woken.tryComplete());
    try (var _ = atEnd(woken::tryComplete)) {
      woken.future().await();
    } finally {
      // Fired later, it would find its threads gone.
      vertx.cancelTimer(timer);
    }
  }

  private final class Once implements Ending {
    private final Runnable work;

    Once(Runnable work) {
      this.work = work;
    }

    void run() {
      if (endings.remove(this)) {
        work.run();
      }
    }

    @Override
    public void close() {
      endings.remove(this);
    }
  }
}
