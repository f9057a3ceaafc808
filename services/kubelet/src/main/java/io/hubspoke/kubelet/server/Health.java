package io.hubspoke.kubelet.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;

/**
 * Serves {@code /healthz} and its single checks. The one that can fail asks whether the loop that
 * works on pods still takes on work.
 */
final class Health {
  private static final int SYNC_LOOP_SECONDS = 10;

  private final Vertx vertx;
  private final Context syncLoop;

  Health(Vertx vertx, Context syncLoop) {
    this.vertx = vertx;
    this.syncLoop = syncLoop;
  }

  /** Answers for a check that a process which answers passes. */
  void ok(Exchange exchange) {
    exchange.text("ok");
  }

  /** Answers for the loop alone. */
  void syncLoop(Exchange exchange) {
    turn()
        .onSuccess(v -> exchange.text("ok"))
        .onFailure(e -> exchange.refuse(500, "internal server error: " + e.getMessage() + "\n"));
  }

  /** Answers for all checks, each with a line when {@code verbose} or failing. */
  void all(Exchange exchange) {
    boolean verbose = exchange.request().params().contains("verbose");
    turn()
        .onSuccess(
            v ->
                exchange.text(
                    verbose
                        ? "[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n"
                        : "ok"))
        .onFailure(
            e ->
                exchange.refuse(
                    500,
                    """
                    [+]ping ok
                    [+]log ok
                    [-]syncloop failed: reason withheld
                    healthz check failed
                    """));
  }

  private Future<Void> turn() {
    Promise<Void> turned = Promise.promise();
    syncLoop.runOnContext(v -> turned.tryComplete());
    long timer =
        vertx.setTimer(
            TimeUnit.SECONDS.toMillis(SYNC_LOOP_SECONDS),
            id -> turned.tryFail("sync Loop took longer than expected"));
    return turned.future().onComplete(done -> vertx.cancelTimer(timer));
  }
}
