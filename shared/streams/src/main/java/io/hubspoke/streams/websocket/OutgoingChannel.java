package io.hubspoke.streams.websocket;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicInteger;

/** Writes one channel; full while too much of it is on its way to the socket. */
final class OutgoingChannel implements WriteStream<Buffer> {
  private final ChannelConnection connection;
  private final int number;
  private final AtomicInteger pending = new AtomicInteger();
  private volatile int capacity = 1 << 18;
  private volatile boolean full;
  private volatile Handler<Void> drainHandler;
  private volatile Handler<Throwable> exceptionHandler;

  OutgoingChannel(ChannelConnection connection, int number) {
    this.connection = connection;
    this.number = number;
  }

  @Override
  public Future<Void> write(Buffer data) {
    if (data.length() == 0) {
      return Future.succeededFuture();
    }
    if (pending.addAndGet(data.length()) >= capacity) {
      full = true;
    }
    Promise<Void> promise = Promise.promise();
    connection.onEventLoop(
        v ->
            connection
                .sendAll(number, data)
                .addListener(done -> sent(data.length(), promise, done)));
    return promise.future();
  }

  private void sent(int length, Promise<Void> promise, io.netty.util.concurrent.Future<?> done) {
    int left = pending.addAndGet(-length);
    if (full && left <= capacity / 2) {
      full = false;
      Handler<Void> drained = drainHandler;
      if (drained != null) {
        connection.streams().emit(null, drained);
      }
    }
    if (done.isSuccess()) {
      promise.complete();
    } else {
      promise.fail(done.cause());
      Handler<Throwable> failed = exceptionHandler;
      if (failed != null) {
        connection.streams().emit(done.cause(), failed);
      }
    }
  }

  @Override
  public Future<Void> end() {
    connection.onEventLoop(v -> connection.endChannel(number));
    return Future.succeededFuture();
  }

  @Override
  public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
    capacity = maxSize;
    return this;
  }

  @Override
  public boolean writeQueueFull() {
    return full;
  }

  @Override
  public WriteStream<Buffer> drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    return this;
  }

  @Override
  public WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
    exceptionHandler = handler;
    return this;
  }
}
