package io.hubspoke.tunnel.konnectivity;

import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What one connection has to send: waits here for the other end's credit and for room in the packet
 * stream. Written to on any thread; sends on the stream's event loop.
 */
final class OutgoingData implements WriteStream<Buffer> {
  /** Bytes that wait before the writer should. */
  private static final int CAPACITY = 1 << 18;

  /** Bytes of one packet, so that connections take turns. */
  private static final int MAX_DATA = 1 << 16;

  /** What the other end may give in all: more than will ever be sent. */
  private static final long MAX_CREDIT = Long.MAX_VALUE >>> 1;

  private final TunnelledConnection connection;
  private final ContextInternal writer;
  private final EventLoop loop;

  // Guarded by this.
  /** Null while nothing waits, as on most connections most of the time. */
  private Deque<Buffer> queue;

  private int capacity = CAPACITY;
  private long size;
  private boolean full;
  private boolean drained;
  private boolean scheduled;
  private boolean ended;
  private boolean done;
  private Handler<Void> drainHandler;
  // Of the event loop alone.
  private long credit;
  private boolean endSent;
  private boolean waiting;
  private Runnable failing;

  /**
   * @param writer where the drain handler is called
   * @param credit bytes that may be sent at first
   */
  OutgoingData(
      TunnelledConnection connection, ContextInternal writer, EventLoop loop, long credit) {
    this.connection = connection;
    this.writer = writer;
    this.loop = loop;
    this.credit = credit;
  }

  @Override
  public Future<Void> write(Buffer data) {
    synchronized (this) {
      if (ended || done) {
        return writer.failedFuture(new IOException("the connection has ended"));
      }
      if (data.length() == 0) {
        return writer.succeededFuture();
      }
      if (queue == null) {
        queue = new ArrayDeque<>(2);
      }
      queue.add(data);
      size += data.length();
      if (size >= capacity) {
        full = true;
        drained = false;
      }
      if (scheduled) {
        return writer.succeededFuture();
      }
      scheduled = true;
    }
    schedule();
    return writer.succeededFuture();
  }

  @Override
  public Future<Void> end() {
    synchronized (this) {
      if (ended) {
        return writer.succeededFuture();
      }
      ended = true;
      if (scheduled) {
        return writer.succeededFuture();
      }
      scheduled = true;
    }
    schedule();
    return writer.succeededFuture();
  }

  /** Fails, unless it has ended already, when all has been sent; called on the event loop. */
  void fail(Runnable action) {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
    }
    failing = action;
    flush();
  }

  /** Returns how many bytes wait. */
  synchronized long size() {
    return size;
  }

  private void schedule() {
    if (loop.inEventLoop()) {
      flush();
    } else {
      loop.execute(this::flush);
    }
  }

  /** The other end takes more; called on the event loop. */
  void grant(long bytes) {
    synchronized (this) {
      if (done) {
        return;
      }
    }
    boolean stopped = credit == 0;
    credit += Math.min(bytes, MAX_CREDIT - credit);
    if (stopped) {
      flush();
    }
  }

  /** There is room in the stream; called on the event loop. */
  void roomInStream() {
    waiting = false;
    flush();
  }

  /** Sends what may be sent; called on the event loop. */
  private void flush() {
    while (true) {
      if (credit > 0 && connection.streamFull()) {
        synchronized (this) {
          scheduled = false;
        }
        if (!waiting) {
          waiting = true;
          connection.awaitRoom(this);
        }
        return;
      }
      Buffer next;
      boolean last;
      Handler<Void> atRoom = null;
      synchronized (this) {
        next = credit > 0 ? take() : null;
        last = ended && queue == null;
        if (next == null) {
          scheduled = false;
        } else if (full && size <= capacity / 2) {
          full = false;
          drained = true;
          atRoom = drainHandler;
        }
      }
      if (next == null) {
        if (last && !endSent) {
          endSent = true;
          if (failing == null) {
            connection.localEnded();
          } else {
            failing.run();
          }
        }
        return;
      }
      credit -= next.length();
      connection.send(next);
      if (atRoom != null) {
        writer.emit(null, atRoom);
      }
    }
  }

  /** Called with the lock held. */
  private Buffer take() {
    if (queue == null) {
      return null;
    }
    Buffer first = queue.remove();
    int most = (int) Math.min(credit, MAX_DATA);
    if (first.length() > most) {
      queue.addFirst(first.slice(most, first.length()));
      first = first.slice(0, most);
    } else if (queue.isEmpty()) {
      queue = null;
    }
    size -= first.length();
    return first;
  }

  /**
   * Nothing is sent any more: what waits is dropped, and writing fails from now on. Called on the
   * event loop.
   */
  void abandon() {
    Handler<Void> atRoom;
    synchronized (this) {
      if (done) {
        return;
      }
      credit = 0;
      done = true;
      queue = null;
      size = 0;
      atRoom = full ? drainHandler : null;
      drained |= full;
      full = false;
    }
    if (atRoom != null) {
      writer.emit(null, atRoom);
    }
    flush();
  }

  @Override
  public OutgoingData exceptionHandler(Handler<Throwable> handler) {
    // What breaks, breaks both ways, and is told to the reader.
    return this;
  }

  @Override
  public synchronized OutgoingData setWriteQueueMaxSize(int maxSize) {
    capacity = maxSize;
    return this;
  }

  @Override
  public synchronized boolean writeQueueFull() {
    return full;
  }

  @Override
  public synchronized OutgoingData drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    if (drained && handler != null) {
      // It drained on another thread after the writer saw that it was full.
      drained = false;
      writer.runOnContext(handler);
    }
    return this;
  }
}
