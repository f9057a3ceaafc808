package io.hubspoke.kubelet.runtime.process;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A stream of what is added to it, paused until it is resumed. It may be added to on any thread;
 * handlers are called on the context. Whoever adds minds how much waits here.
 */
abstract class QueuedStream implements ReadStream<Buffer> {
  private final ContextInternal context;
  private final Promise<Void> ended = Promise.promise();

  // Guarded by this.
  private final Queue<Buffer> queue = new ArrayDeque<>();
  private long queued;
  private long demand;
  private boolean atEnd;
  private boolean finished;
  private boolean delivering;
  private Handler<Buffer> handler;
  private Handler<Void> endHandler;

  QueuedStream(ContextInternal context) {
    this.context = context;
  }

  /** Called when there may be more room or more demand than before. */
  abstract void wanted();

  /** Adds a chunk, to be delivered with {@link #deliver}; returns false after the end. */
  final synchronized boolean add(Buffer chunk) {
    if (atEnd) {
      return false;
    }
    queue.add(chunk);
    queued += chunk.length();
    return true;
  }

  /** Notes that nothing more comes. */
  final void end() {
    synchronized (this) {
      atEnd = true;
    }
    wanted();
    deliver();
  }

  /** Ends it now; what was not read is lost. */
  final void cut() {
    synchronized (this) {
      queue.clear();
      queued = 0;
    }
    end();
  }

  /** Ends it with a failure, which {@link #ended} tells, and not its reader. */
  final void fail(Throwable cause) {
    ended.tryFail(cause);
    cut();
  }

  /** Completes when its reader was told the end. */
  final Future<Void> ended() {
    return ended.future();
  }

  final ContextInternal context() {
    return context;
  }

  final synchronized boolean atEnd() {
    return atEnd;
  }

  /** Returns whether somebody waits for more than there is. */
  final synchronized boolean demanded() {
    return demand > 0;
  }

  /** Returns how many chunks wait. */
  final synchronized int chunks() {
    return queue.size();
  }

  /** Returns how many bytes wait. */
  final synchronized long queued() {
    return queued;
  }

  @Override
  public QueuedStream exceptionHandler(Handler<Throwable> value) {
    // What can't be read any more is at its end: a terminal says so by an error.
    return this;
  }

  @Override
  public synchronized QueuedStream handler(Handler<Buffer> value) {
    handler = value;
    return this;
  }

  @Override
  public synchronized QueuedStream endHandler(Handler<Void> value) {
    endHandler = value;
    return this;
  }

  @Override
  public synchronized QueuedStream pause() {
    demand = 0;
    return this;
  }

  @Override
  public QueuedStream resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public QueuedStream fetch(long amount) {
    synchronized (this) {
      demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
    }
    wanted();
    deliver();
    return this;
  }

  /** Has what waits delivered on the context, as far as it is asked for. */
  final void deliver() {
    context.runOnContext(v -> handOver());
  }

  private void handOver() {
    synchronized (this) {
      if (delivering) {
        return;
      }
      delivering = true;
    }
    while (true) {
      Handler<Buffer> to;
      Handler<Void> atLast = null;
      Buffer chunk = null;
      synchronized (this) {
        to = handler;
        if (!queue.isEmpty() && demand > 0 && to != null) {
          chunk = queue.remove();
          queued -= chunk.length();
          demand = demand == Long.MAX_VALUE ? demand : demand - 1;
        } else {
          delivering = false;
          if (!queue.isEmpty() || !atEnd || finished) {
            break;
          }
          finished = true;
          atLast = endHandler;
        }
      }
      if (chunk == null) {
        if (atLast != null) {
          atLast.handle(null);
        }
        ended.tryComplete();
        return;
      }
      to.handle(chunk);
    }
    wanted();
  }
}
