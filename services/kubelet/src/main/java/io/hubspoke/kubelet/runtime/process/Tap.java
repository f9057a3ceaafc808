package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A container's output as one of those attached to it reads it. It takes a bounded amount ahead of
 * its reader; whoever writes waits for {@link #room()}.
 */
final class Tap implements ReadStream<Buffer> {
  private static final int MAX_QUEUED = 256 << 10;

  private final ContextInternal context;
  private final Promise<Void> ended = Promise.promise();

  // Guarded by this.
  private final Queue<Buffer> queue = new ArrayDeque<>();
  private int queued;
  private long demand;
  private boolean atEnd;
  private boolean finished;
  private boolean delivering;
  private Promise<Void> room;
  private Handler<Buffer> handler;
  private Handler<Void> endHandler;

  Tap(ContextInternal context) {
    this.context = context;
  }

  /** Takes a chunk; nothing after the end. */
  void offer(Buffer chunk) {
    synchronized (this) {
      if (atEnd) {
        return;
      }
      queue.add(chunk);
      queued += chunk.length();
    }
    context.runOnContext(v -> deliver());
  }

  /** Completes when more may be offered, or nothing is taken any more. */
  synchronized Future<Void> room() {
    if (atEnd || queued < MAX_QUEUED) {
      return Future.succeededFuture();
    }
    if (room == null) {
      room = Promise.promise();
    }
    return room.future();
  }

  /** Notes that nothing more comes. */
  void end() {
    synchronized (this) {
      atEnd = true;
      tellRoom();
    }
    context.runOnContext(v -> deliver());
  }

  /** Ends it now; what was not read is lost. */
  void cut() {
    synchronized (this) {
      queue.clear();
      queued = 0;
    }
    end();
  }

  /** Ends it because its reader doesn't read; {@link #ended} fails. */
  void drop() {
    ended.tryFail(new StartException("nobody read the container's output for too long"));
    cut();
  }

  /** Completes when its reader was told the end. */
  Future<Void> ended() {
    return ended.future();
  }

  @Override
  public Tap exceptionHandler(Handler<Throwable> value) {
    return this;
  }

  @Override
  public synchronized Tap handler(Handler<Buffer> value) {
    handler = value;
    return this;
  }

  @Override
  public synchronized Tap endHandler(Handler<Void> value) {
    endHandler = value;
    return this;
  }

  @Override
  public synchronized Tap pause() {
    demand = 0;
    return this;
  }

  @Override
  public Tap resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public Tap fetch(long amount) {
    synchronized (this) {
      demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
    }
    context.runOnContext(v -> deliver());
    return this;
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
      Handler<Void> atLast;
      Buffer chunk;
      synchronized (this) {
        to = handler;
        if (!queue.isEmpty() && demand > 0 && to != null) {
          chunk = queue.remove();
          queued -= chunk.length();
          demand = demand == Long.MAX_VALUE ? demand : demand - 1;
          if (queued < MAX_QUEUED / 2) {
            tellRoom();
          }
          atLast = null;
        } else {
          delivering = false;
          if (!queue.isEmpty() || !atEnd || finished) {
            return;
          }
          finished = true;
          chunk = null;
          atLast = endHandler;
        }
      }
      if (chunk != null) {
        to.handle(chunk);
        continue;
      }
      if (atLast != null) {
        atLast.handle(null);
      }
      ended.tryComplete();
      return;
    }
  }

  private void tellRoom() {
    Promise<Void> waiting = room;
    room = null;
    if (waiting != null) {
      context.runOnContext(v -> waiting.tryComplete());
    }
  }
}
