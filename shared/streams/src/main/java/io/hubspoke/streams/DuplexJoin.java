package io.hubspoke.streams;

import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/**
 * Joins two connections: what one sends the other gets, and the end of each way by itself. There
 * may be ten thousand pairs that say nothing, so it makes few objects for one.
 */
public final class DuplexJoin {
  private DuplexJoin() {}

  /**
   * Moves bytes both ways. When one breaks the other fails, after what was sent to it before.
   *
   * @return completes when both have ended; fails when one of them has broken
   */
  public static Future<Void> join(Duplex one, Duplex other) {
    var both = new Both();
    new Way(one, other, null, both).start();
    new Way(other, one, null, both).start();
    return both.over.future();
  }

  /**
   * Moves one way: reads no more while the writer is full.
   *
   * @return completes at the end of what is read, which the other has been told by then; fails when
   *     it broke before
   */
  public static Future<Void> move(Duplex from, Duplex to) {
    Promise<Void> moved = Promise.promise();
    new Way(from, to, moved, null).start();
    return moved.future();
  }

  /** Waits for the ends of both. */
  private static final class Both {
    private final Promise<Void> over = Promise.promise();
    private int left = 2;
    private Throwable failure;

    void ended(Throwable cause) {
      synchronized (this) {
        failure = failure == null ? cause : failure;
        left--;
        if (left > 0) {
          return;
        }
      }
      if (failure == null) {
        over.complete();
      } else {
        over.fail(failure);
      }
    }
  }

  /** One way of them; hears of the reader's end, too. */
  private static final class Way implements Handler<Buffer>, Completable<Void> {
    private final Duplex from;
    private final Duplex to;
    private final Promise<Void> moved;
    private final Both both;
    private boolean over;

    /**
     * @param moved is told how it ended; may be null
     * @param both is told of the reader's end; may be null
     */
    Way(Duplex from, Duplex to, Promise<Void> moved, Both both) {
      this.from = from;
      this.to = to;
      this.moved = moved;
      this.both = both;
    }

    void start() {
      from.handler(this);
      from.exceptionHandler(this::broken);
      from.endHandler(v -> ended());
      to.closed().onComplete(this);
      from.resume();
    }

    @Override
    public void handle(Buffer bytes) {
      // A writer that is gone says so by its own end.
      var _ = to.write(bytes);
      if (to.writeQueueFull()) {
        from.pause();
        to.drainHandler(v -> from.resume());
      }
    }

    private void broken(Throwable cause) {
      if (isFirst()) {
        tell(cause);
        to.fail(cause).otherwiseEmpty();
      }
    }

    private void ended() {
      if (isFirst()) {
        tell(null);
        to.end().otherwiseEmpty();
      }
    }

    /** The reader has gone. */
    @Override
    public void complete(Void gone, Throwable cause) {
      if (isFirst()) {
        var why = new IOException("the reader has gone");
        tell(why);
        from.fail(why).otherwiseEmpty();
      }
      if (both != null) {
        both.ended(cause);
      }
    }

    private synchronized boolean isFirst() {
      boolean first = !over;
      over = true;
      return first;
    }

    private void tell(Throwable cause) {
      if (moved != null) {
        moved.complete(null, cause);
      }
    }
  }
}
