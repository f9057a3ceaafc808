package io.hubspoke.apiserver.registry;

import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sends what watches wait for, some watches at a time. A change that a thousand watch keeps an
 * event loop busy for tens of milliseconds: between two turns it reads and answers requests, and
 * what changes meanwhile goes out together.
 */
final class WatchTurns {
  /** About half a millisecond's work. */
  private static final int WATCHES = 32;

  private final Map<EventLoop, Turns> byLoop = new ConcurrentHashMap<>();

  /** Has work done on its connection's event loop, when it is its turn; called on any thread. */
  void await(Context context, Runnable work) {
    ContextInternal on = (ContextInternal) context;
    byLoop.computeIfAbsent(on.nettyEventLoop(), Turns::new).add(() -> on.emit(v -> work.run()));
  }

  /** One event loop's. */
  private static final class Turns {
    private final EventLoop loop;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean due = new AtomicBoolean();

    Turns(EventLoop loop) {
      this.loop = loop;
    }

    void add(Runnable work) {
      waiting.add(work);
      if (due.compareAndSet(false, true)) {
        loop.execute(this::take);
      }
    }

    private void take() {
      for (int i = 0; i < WATCHES; i++) {
        Runnable work = waiting.poll();
        if (work == null) {
          due.set(false);
          // Who came after the look and before the mark has not asked for a turn.
          if (waiting.isEmpty() || !due.compareAndSet(false, true)) {
            return;
          }
          break;
        }
        work.run();
      }
      // Not executed but scheduled: tasks go before sockets for as long as there are any.
      var next = loop.schedule(this::take, 0, TimeUnit.NANOSECONDS);
      next.addListener(rejected -> {});
    }
  }
}
