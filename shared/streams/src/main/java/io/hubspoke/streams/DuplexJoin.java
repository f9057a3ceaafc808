package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Promise;

/** Joins two connections: what one sends the other gets, and the end of each way by itself. */
public final class DuplexJoin {
  private DuplexJoin() {}

  /**
   * Moves bytes both ways. When one breaks the other is reset, unless it had said its last already.
   *
   * @return completes when both have ended
   */
  public static Future<Void> join(Duplex one, Duplex other) {
    move(one, other);
    move(other, one);
    return Future.join(one.closed(), other.closed()).mapEmpty();
  }

  /**
   * Moves one way: reads no more while the writer is full.
   *
   * @return completes at the end of what is read, which the other has been told by then; fails when
   *     it broke before
   */
  public static Future<Void> move(Duplex from, Duplex to) {
    Promise<Void> moved = Promise.promise();
    from.handler(
        bytes -> {
          // A writer that is gone says so by its own end, which resets the reader.
          var _ = to.write(bytes);
          if (to.writeQueueFull()) {
            from.pause();
            to.drainHandler(v -> from.resume());
          }
        });
    from.exceptionHandler(
        broken -> {
          if (moved.tryFail(broken)) {
            to.reset().otherwiseEmpty();
          }
        });
    from.endHandler(
        v -> {
          if (moved.tryComplete()) {
            to.end().otherwiseEmpty();
          }
        });
    to.closed()
        .onComplete(
            v -> {
              if (!moved.future().isComplete()) {
                moved.tryFail("the reader has gone");
                from.reset().otherwiseEmpty();
              }
            });
    from.resume();
    return moved.future();
  }
}
