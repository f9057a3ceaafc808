package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.streams.ReadStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Reads a file descriptor as a stream, paused until it is resumed. Handlers are called on its
 * context. While it is paused at most a few chunks wait here, the rest in the kernel, which holds
 * the writer back.
 */
final class FdSource implements ReadStream<Buffer> {
  private static final int MAX_QUEUED = 4;

  private final ContextInternal context;
  private final FdPoller poller;
  private final int fd;
  private final Promise<Void> ended = Promise.promise();

  // Guarded by this.
  private final Queue<Buffer> queue = new ArrayDeque<>();
  private long demand;
  private boolean armed;
  private boolean delivering;
  private boolean atEnd;
  private boolean finished;
  private Handler<Buffer> handler;
  private Handler<Void> endHandler;

  /** Makes a stream of a descriptor that doesn't block; its owner closes it after the end. */
  FdSource(ContextInternal context, FdPoller poller, int fd) {
    this.context = context;
    this.poller = poller;
    this.fd = fd;
  }

  /** Completes when the end has been told, or was brought about by {@link #cut}. */
  Future<Void> ended() {
    return ended.future();
  }

  /** Ends it now; what was not read is lost. */
  void cut() {
    synchronized (this) {
      queue.clear();
      atEnd = true;
    }
    context.runOnContext(v -> deliver());
  }

  @Override
  public FdSource exceptionHandler(Handler<Throwable> value) {
    // A descriptor that can't be read is at its end: a terminal says so by an error.
    return this;
  }

  @Override
  public synchronized FdSource handler(Handler<Buffer> value) {
    handler = value;
    return this;
  }

  @Override
  public synchronized FdSource endHandler(Handler<Void> value) {
    endHandler = value;
    return this;
  }

  @Override
  public synchronized FdSource pause() {
    demand = 0;
    return this;
  }

  @Override
  public FdSource resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public FdSource fetch(long amount) {
    synchronized (this) {
      demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
    }
    arm();
    context.runOnContext(v -> deliver());
    return this;
  }

  private synchronized void arm() {
    if (!armed && !atEnd && demand > 0 && queue.size() < MAX_QUEUED) {
      armed = true;
      poller.watch(fd, FdPoller.READ, this::read);
    }
  }

  /** Reads what there is, on the poller's thread. */
  private void read() {
    synchronized (this) {
      armed = false;
      if (atEnd) {
        return;
      }
    }
    MemorySegment scratch = poller.scratch();
    boolean more = true;
    while (more) {
      long count = Libc.tryCall(Libc.READ, fd, scratch.address(), FdPoller.CHUNK);
      if (count == -Libc.EAGAIN || count == -Libc.EINTR) {
        break;
      }
      synchronized (this) {
        if (atEnd) {
          return;
        }
        if (count <= 0) {
          atEnd = true;
          more = false;
        } else {
          queue.add(
              BufferInternal.buffer(
                  Unpooled.wrappedBuffer(scratch.asSlice(0, count).toArray(JAVA_BYTE))));
          more = count == FdPoller.CHUNK && demand > 0 && queue.size() < MAX_QUEUED;
        }
      }
    }
    context.runOnContext(v -> deliver());
  }

  private void deliver() {
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
    arm();
  }
}
