package io.hubspoke.tunnel.konnectivity;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One end of a packet stream without a network: what is written goes to the other end, or is kept
 * where there is none.
 */
final class TestStream implements PacketStream {
  private static final int CAPACITY = 16;

  final List<Packet> written = new ArrayList<>();
  private final ContextInternal context;
  private final Deque<Packet> incoming = new ArrayDeque<>();
  private TestStream other;
  private boolean paused = true;
  private final AtomicInteger underWay = new AtomicInteger();
  private Throwable broken;
  private boolean ended;
  private Handler<Packet> handler = packet -> {};
  private Handler<Void> endHandler = v -> {};
  private Handler<Void> drainHandler = v -> {};
  private Handler<Throwable> exceptionHandler = e -> {};

  TestStream(ContextInternal context) {
    this.context = context;
  }

  /** Returns two ends, each on its context. */
  static TestStream[] pair(ContextInternal one, ContextInternal other) {
    TestStream[] pair = {new TestStream(one), new TestStream(other)};
    pair[0].other = pair[1];
    pair[1].other = pair[0];
    return pair;
  }

  /** Delivers a packet, at once if it is not paused. */
  void inject(Packet packet) {
    incoming.add(packet);
    deliver();
  }

  /** Breaks it at this end. */
  void fail(Throwable cause) {
    context.runOnContext(
        v -> {
          broken = cause;
          exceptionHandler.handle(cause);
        });
  }

  private void deliver() {
    while (!paused && !incoming.isEmpty()) {
      handler.handle(incoming.remove());
      if (other != null && other.underWay.decrementAndGet() == CAPACITY / 2) {
        other.context.runOnContext(v -> other.drainHandler.handle(null));
      }
    }
    if (!paused && ended) {
      ended = false;
      endHandler.handle(null);
    }
  }

  @Override
  public Future<Void> write(Packet packet) {
    if (broken != null) {
      return context.failedFuture(broken);
    }
    if (other == null) {
      written.add(packet);
      return context.succeededFuture();
    }
    // Through bytes, as every packet goes.
    var bytes = PacketCodec.encode(packet);
    underWay.incrementAndGet();
    other.context.runOnContext(
        v -> {
          try {
            other.inject(PacketCodec.decode(bytes).orElseThrow());
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    return context.succeededFuture();
  }

  @Override
  public Future<Void> end() {
    if (other != null) {
      other.context.runOnContext(
          v -> {
            other.ended = true;
            other.deliver();
          });
    }
    return context.succeededFuture();
  }

  @Override
  public Future<Void> reset() {
    if (other != null) {
      other.fail(new IOException("reset"));
    }
    return context.succeededFuture();
  }

  @Override
  public boolean writeQueueFull() {
    return underWay.get() >= CAPACITY;
  }

  @Override
  public TestStream pause() {
    paused = true;
    return this;
  }

  @Override
  public TestStream resume() {
    paused = false;
    deliver();
    return this;
  }

  @Override
  public TestStream fetch(long amount) {
    return resume();
  }

  @Override
  public TestStream handler(Handler<Packet> to) {
    handler = to;
    return this;
  }

  @Override
  public TestStream endHandler(Handler<Void> to) {
    endHandler = to;
    return this;
  }

  @Override
  public TestStream exceptionHandler(Handler<Throwable> to) {
    exceptionHandler = to;
    return this;
  }

  @Override
  public TestStream drainHandler(Handler<Void> to) {
    drainHandler = to;
    return this;
  }

  @Override
  public TestStream setWriteQueueMaxSize(int maxSize) {
    return this;
  }
}
