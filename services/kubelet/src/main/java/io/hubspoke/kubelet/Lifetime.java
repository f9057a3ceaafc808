package io.hubspoke.kubelet;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Timer;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** How long a kubelet's loops go on; their waits end when it does. */
final class Lifetime {
  private final Vertx vertx;
  private final Promise<Void> over = Promise.promise();

  Lifetime(Vertx vertx) {
    this.vertx = vertx;
  }

  void end() {
    over.tryComplete();
  }

  boolean ended() {
    return over.future().isComplete();
  }

  /** Completes at the end. */
  Future<Void> over() {
    return over.future();
  }

  /** Waits on a virtual thread for a while, or until the end. */
  void sleep(Duration time) {
    Timer timer = vertx.timer(Math.max(1, time.toMillis()), TimeUnit.MILLISECONDS);
    Future.any(timer, over.future()).await();
    // Fired later, it would find its threads gone.
    timer.cancel();
  }
}
