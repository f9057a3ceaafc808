package io.hubspoke.streams;

import io.netty.channel.ChannelFuture;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writes to a Netty channel in whatever form; full while too much is on its way to the socket.
 * Called on any thread, it sends on the event loop of its context.
 */
public abstract class NettySink implements WriteStream<Buffer> {
  private final ContextInternal context;
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicInteger queued = new AtomicInteger();
  private volatile int capacity = Pipe.CAPACITY;
  private volatile boolean full;
  private boolean drained;
  private Handler<Void> drainHandler;
  private volatile Handler<Throwable> exceptionHandler;

  /**
   * @param context of the channel's event loop
   */
  protected NettySink(ContextInternal context) {
    this.context = context;
  }

  /** Sends; called on the event loop. */
  protected abstract ChannelFuture send(Buffer data);

  /** Sends what is the end; called on the event loop, after all that was written before. */
  protected abstract void sendEnd();

  @Override
  public Future<Void> write(Buffer data) {
    int length = data.length();
    if (length == 0) {
      return context.succeededFuture();
    }
    if (pending.addAndGet(length) >= capacity) {
      synchronized (this) {
        full = true;
        drained = false;
      }
    }
    Promise<Void> promise = context.promise();
    onEventLoop(() -> send(data).addListener(done -> sent(length, promise, done)));
    return promise.future();
  }

  @Override
  public Future<Void> end() {
    onEventLoop(this::sendEnd);
    return context.succeededFuture();
  }

  /** Returns how many bytes are on their way to the socket. */
  final int pending() {
    return pending.get();
  }

  /** In the order of the calls: what another thread wrote may still wait for its turn. */
  final void onEventLoop(Runnable task) {
    if (context.nettyEventLoop().inEventLoop() && queued.get() == 0) {
      task.run();
    } else {
      queued.incrementAndGet();
      context
          .nettyEventLoop()
          .execute(
              () -> {
                queued.decrementAndGet();
                task.run();
              });
    }
  }

  private void sent(int length, Promise<Void> promise, io.netty.util.concurrent.Future<?> done) {
    int left = pending.addAndGet(-length);
    if (full && left <= capacity / 2) {
      Handler<Void> waiting;
      synchronized (this) {
        full = false;
        drained = true;
        waiting = drainHandler;
      }
      if (waiting != null) {
        context.emit(null, waiting);
      }
    }
    if (done.isSuccess()) {
      promise.complete();
    } else {
      promise.fail(done.cause());
      Handler<Throwable> failed = exceptionHandler;
      if (failed != null) {
        context.emit(done.cause(), failed);
      }
    }
  }

  @Override
  public NettySink setWriteQueueMaxSize(int maxSize) {
    capacity = maxSize;
    return this;
  }

  @Override
  public boolean writeQueueFull() {
    return full;
  }

  @Override
  public synchronized NettySink drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    if (drained && handler != null) {
      // It drained on another thread after the writer saw that it was full.
      drained = false;
      context.runOnContext(handler);
    }
    return this;
  }

  @Override
  public NettySink exceptionHandler(Handler<Throwable> handler) {
    exceptionHandler = handler;
    return this;
  }
}
