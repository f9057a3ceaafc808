package io.hubspoke.client;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;

/**
 * Bounds the requests that the clients which share it have under way together. The others wait in
 * the order in which they were made. Watches don't count. Thread-safe.
 */
public final class InFlightLimit {
  /** Bounds nothing. */
  public static final InFlightLimit NONE = new InFlightLimit(Integer.MAX_VALUE);

  private final int most;
  private final Queue<Promise<Void>> waiting = new ArrayDeque<>();
  private int taken;

  public InFlightLimit(int most) {
    this.most = most;
  }

  /** Begins a request on a context as soon as there is a place, which it has until it ends. */
  <T> Future<T> begin(ContextInternal context, Supplier<Future<T>> request) {
    if (this == NONE) {
      return request.get();
    }
    Promise<Void> place = context.promise();
    synchronized (this) {
      if (taken < most) {
        taken++;
        place.complete();
      } else {
        waiting.add(place);
      }
    }
    return place.future().compose(v -> request.get()).onComplete(done -> giveBack());
  }

  private void giveBack() {
    Promise<Void> next;
    synchronized (this) {
      next = waiting.poll();
      if (next == null) {
        taken--;
      }
    }
    if (next != null) {
      next.complete();
    }
  }
}
