package io.hubspoke.kubelet.runtime.process;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.WriteStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Writes a stream to a file descriptor that doesn't block. What is written after the other side has
 * gone is dropped, as the input of a process that has ended is.
 */
final class FdSink implements WriteStream<Buffer> {
  private final ContextInternal context;
  private final FdPoller poller;
  private final int fd;
  private final Runnable atEnd;

  // Guarded by this.
  private final Deque<Pending> queue = new ArrayDeque<>();
  private long queued;
  private int maxQueued = FdPoller.CHUNK;
  private boolean armed;
  private boolean ending;
  private boolean broken;
  private Handler<Void> drainHandler;

  private static final class Pending {
    private final byte[] bytes;
    private final Promise<Void> done;
    private int from;

    Pending(byte[] bytes, Promise<Void> done) {
      this.bytes = bytes;
      this.done = done;
    }
  }

  /**
   * Makes a stream.
   *
   * @param atEnd called once when {@link #end()} was asked for and all is written
   */
  FdSink(ContextInternal context, FdPoller poller, int fd, Runnable atEnd) {
    this.context = context;
    this.poller = poller;
    this.fd = fd;
    this.atEnd = atEnd;
  }

  @Override
  public FdSink exceptionHandler(Handler<Throwable> handler) {
    return this;
  }

  @Override
  public Future<Void> write(Buffer data) {
    Promise<Void> done = context.promise();
    synchronized (this) {
      if (broken || data.length() == 0) {
        return context.succeededFuture();
      }
      if (ending) {
        return context.failedFuture(new IllegalStateException("written after the end"));
      }
      queue.add(new Pending(data.getBytes(), done));
      queued += data.length();
      if (!armed) {
        flush();
      }
    }
    return done.future();
  }

  @Override
  public Future<Void> end() {
    synchronized (this) {
      if (ending) {
        return context.succeededFuture();
      }
      ending = true;
      Future<Void> last =
          queue.isEmpty() ? context.succeededFuture() : queue.getLast().done.future();
      last.onComplete(r -> atEnd.run());
      return last;
    }
  }

  /** Drops what waits, and all that comes. */
  void cut() {
    synchronized (this) {
      breakOff();
    }
  }

  @Override
  public synchronized FdSink setWriteQueueMaxSize(int maxSize) {
    maxQueued = maxSize;
    return this;
  }

  @Override
  public synchronized boolean writeQueueFull() {
    return queued >= maxQueued;
  }

  @Override
  public synchronized FdSink drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    // It may have drained on the poller's thread after its writer saw that it was full.
    tellDrained();
    return this;
  }

  /** Writes as much as goes, under the lock. */
  private void flush() {
    while (!queue.isEmpty()) {
      Pending head = queue.element();
      int length = Math.min(head.bytes.length - head.from, FdPoller.CHUNK);
      long count = write(head.bytes, head.from, length);
      if (count == -Libc.EAGAIN) {
        armed = true;
        poller.watch(fd, FdPoller.WRITE, this::writable);
        return;
      }
      if (count < 0 && count != -Libc.EINTR) {
        breakOff();
        return;
      }
      int written = (int) Math.max(0, count);
      queued -= written;
      head.from += written;
      if (head.from == head.bytes.length) {
        queue.remove();
        head.done.complete();
      }
    }
  }

  private void writable() {
    synchronized (this) {
      armed = false;
      flush();
      tellDrained();
    }
  }

  private void breakOff() {
    broken = true;
    queue.forEach(pending -> pending.done.tryComplete());
    queue.clear();
    queued = 0;
    tellDrained();
  }

  private void tellDrained() {
    Handler<Void> drained = drainHandler;
    if (drained != null && queued <= maxQueued / 2) {
      context.runOnContext(drained);
    }
  }

  private long write(byte[] bytes, int from, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(length);
      MemorySegment.copy(MemorySegment.ofArray(bytes), from, memory, 0, length);
      return Libc.tryCall(Libc.WRITE, fd, memory.address(), length);
    }
  }
}
