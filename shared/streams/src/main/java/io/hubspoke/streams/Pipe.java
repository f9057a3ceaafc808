package io.hubspoke.streams;

import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Bytes from a writer to a reader, with a bounded buffer between them when the writer minds {@link
 * WriteStream#writeQueueFull()}. Both may be on any thread; handlers are called on the context. The
 * reader's end is paused at first, and its end of stream comes to a reader that isn't.
 */
public final class Pipe {
  /** Bytes that a pipe holds before its writer should wait. */
  public static final int CAPACITY = 1 << 18;

  /** Bytes read before others on the event loop get their turn. */
  private static final int TURN = 1 << 20;

  /** Pieces below this are put together while they wait. */
  private static final int SMALL = 1 << 12;

  private final ContextInternal context;
  private final Sink sink = new Sink();
  private final Source source = new Source();

  /** Null while nothing waits, as on most connections most of the time. */
  private Deque<Buffer> queue;

  private final boolean compact;
  private Buffer gathering;
  private int capacity = CAPACITY;
  private long size;
  private long demand;
  private boolean full;
  private boolean drained;
  private boolean scheduled;
  private boolean ended;
  private boolean done;
  private Throwable failure;
  private Handler<Buffer> handler;
  private Handler<Void> endHandler;
  private Handler<Throwable> exceptionHandler;
  private Handler<Void> drainHandler;
  private Handler<Throwable> brokenHandler;
  private Completable<Void> whenOver;

  public Pipe(ContextInternal context) {
    this(context, false);
  }

  private Pipe(ContextInternal context, boolean compact) {
    this.context = context;
    this.compact = compact;
  }

  /**
   * Makes one that keeps small pieces together while they wait: each may be part of a far larger
   * buffer, and a writer who means ill makes a million of them. The reader gets other pieces then.
   */
  public static Pipe compact(ContextInternal context) {
    return new Pipe(context, true);
  }

  /** Returns where to write; its {@code end} is the reader's end of stream. */
  public WriteStream<Buffer> sink() {
    return sink;
  }

  public ReadStream<Buffer> source() {
    return source;
  }

  /** Ends it with an error, which the reader gets after what was written before. */
  public synchronized void fail(Throwable cause) {
    if (!ended) {
      ended = true;
      failure = cause;
      schedule();
    }
  }

  /** Calls, on the context, once the reader has been told how it ended. */
  public synchronized void whenOver(Completable<Void> action) {
    whenOver = action;
  }

  /** The reader has gone: what is in it is dropped, and writing fails from now on. */
  public synchronized void abandon() {
    if (done) {
      return;
    }
    done = true;
    queue = null;
    gathering = null;
    size = 0;
    Handler<Throwable> broken = ended ? null : brokenHandler;
    Handler<Void> waiting = full ? drainHandler : null;
    drained |= full;
    full = false;
    ended = true;
    if (broken != null) {
      context.runOnContext(v -> broken.handle(new IOException("broken pipe")));
    }
    if (waiting != null) {
      context.runOnContext(waiting);
    }
  }

  private synchronized Future<Void> write(Buffer data) {
    if (ended) {
      return context.failedFuture(new IOException(done ? "broken pipe" : "the stream has ended"));
    }
    if (data.length() > 0) {
      add(data);
      size += data.length();
      if (size >= capacity) {
        full = true;
        drained = false;
      }
      schedule();
    }
    return context.succeededFuture();
  }

  /** Puts it into the queue; called with the lock held. */
  private void add(Buffer data) {
    if (!compact || data.length() >= SMALL || (demand > 0 && !scheduled)) {
      enqueue(data);
    } else if (gathering != null
        && queue != null
        && gathering == queue.peekLast()
        && gathering.length() + data.length() <= SMALL) {
      gathering.appendBuffer(data);
    } else {
      gathering = Buffer.buffer(data.length()).appendBuffer(data);
      enqueue(gathering);
    }
  }

  private void enqueue(Buffer data) {
    if (queue == null) {
      queue = new ArrayDeque<>(2);
    }
    queue.add(data);
  }

  /** Returns null when there is none; called with the lock held. */
  private Buffer dequeue() {
    if (queue == null) {
      return null;
    }
    Buffer next = queue.poll();
    if (queue.isEmpty()) {
      queue = null;
      gathering = null;
    }
    return next;
  }

  private synchronized Future<Void> end() {
    if (!ended) {
      ended = true;
      schedule();
    }
    return context.succeededFuture();
  }

  /** Called with the lock held. */
  private void schedule() {
    if (!scheduled && demand > 0 && (ended || queue != null)) {
      scheduled = true;
      context.runOnContext(v -> deliver());
    }
  }

  private void deliver() {
    int turn = 0;
    try {
      while (turn < TURN) {
        Buffer next;
        Handler<Buffer> to;
        synchronized (this) {
          next = demand == 0 ? null : dequeue();
          to = handler;
          if (next != null) {
            size -= next.length();
            demand -= demand == Long.MAX_VALUE ? 0 : 1;
          }
        }
        if (next == null) {
          break;
        }
        turn += next.length();
        if (to != null) {
          to.handle(next);
        }
        drain();
      }
    } finally {
      synchronized (this) {
        scheduled = false;
        if (queue != null) {
          schedule();
        }
      }
    }
    finish();
  }

  private void drain() {
    Handler<Void> waiting;
    synchronized (this) {
      if (!full || size > capacity / 2) {
        return;
      }
      full = false;
      drained = true;
      waiting = drainHandler;
    }
    if (waiting != null) {
      waiting.handle(null);
    }
  }

  private void finish() {
    Handler<Void> atEnd;
    Handler<Throwable> atFailure;
    Completable<Void> then;
    synchronized (this) {
      if (!ended || done || demand == 0 || queue != null) {
        return;
      }
      done = true;
      atEnd = endHandler;
      atFailure = failure == null ? null : exceptionHandler;
      then = whenOver;
    }
    if (atFailure != null) {
      atFailure.handle(failure);
    } else if (atEnd != null) {
      atEnd.handle(null);
    }
    if (then != null) {
      then.complete(null, failure);
    }
  }

  private final class Sink implements WriteStream<Buffer> {
    @Override
    public WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
      synchronized (Pipe.this) {
        brokenHandler = handler;
      }
      return this;
    }

    @Override
    public Future<Void> write(Buffer data) {
      return Pipe.this.write(data);
    }

    @Override
    public Future<Void> end() {
      return Pipe.this.end();
    }

    @Override
    public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
      synchronized (Pipe.this) {
        capacity = maxSize;
      }
      return this;
    }

    @Override
    public boolean writeQueueFull() {
      synchronized (Pipe.this) {
        return full;
      }
    }

    @Override
    public WriteStream<Buffer> drainHandler(Handler<Void> handler) {
      synchronized (Pipe.this) {
        drainHandler = handler;
        if (drained && handler != null) {
          // It drained on another thread after the writer saw that it was full.
          drained = false;
          context.runOnContext(handler);
        }
      }
      return this;
    }
  }

  private final class Source implements ReadStream<Buffer> {
    @Override
    public ReadStream<Buffer> exceptionHandler(Handler<Throwable> to) {
      synchronized (Pipe.this) {
        exceptionHandler = to;
      }
      return this;
    }

    @Override
    public ReadStream<Buffer> handler(Handler<Buffer> to) {
      synchronized (Pipe.this) {
        handler = to;
      }
      return this;
    }

    @Override
    public ReadStream<Buffer> pause() {
      synchronized (Pipe.this) {
        demand = 0;
      }
      return this;
    }

    @Override
    public ReadStream<Buffer> fetch(long amount) {
      synchronized (Pipe.this) {
        demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
        schedule();
      }
      return this;
    }

    @Override
    public ReadStream<Buffer> resume() {
      return fetch(Long.MAX_VALUE);
    }

    @Override
    public ReadStream<Buffer> endHandler(Handler<Void> to) {
      synchronized (Pipe.this) {
        endHandler = to;
      }
      return this;
    }
  }
}
