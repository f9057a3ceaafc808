package io.hubspoke.streams.spdy;

import io.hubspoke.streams.Duplex;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One of a connection's streams. It begins paused. A reset by the peer, or the loss of the
 * connection, comes to the exception handler and then the end handler, after what was received
 * before.
 */
public final class SpdyStream implements Duplex {
  /**
   * What callers on other threads may have under way before the queue counts as full: some blocks,
   * so that writer and event loop need not wait for each other at each.
   */
  private static final long MAX_OUTSIDE = 256 << 10;

  private final SpdyConnection connection;
  private final ContextInternal context;
  private final int id;
  private final Map<String, String> headers;
  private final Promise<SpdyStream> opened;
  private final Promise<Void> closed;
  private final AtomicLong outside = new AtomicLong();

  private volatile Handler<Void> drainHandler;
  private Handler<Buffer> handler;
  private Handler<Void> endHandler;
  private Handler<Throwable> exceptionHandler;
  private ArrayDeque<Buffer> received;
  private long demand;
  private int buffered;
  private boolean full;
  private boolean delivering;
  private boolean accepted;
  private boolean localEnded;
  private boolean remoteEnded;
  private boolean endDelivered;
  private Throwable lost;

  /**
   * @param opened null when the peer opened it
   */
  SpdyStream(
      SpdyConnection connection,
      ContextInternal context,
      int id,
      Map<String, String> headers,
      Promise<SpdyStream> opened) {
    this.connection = connection;
    this.context = context;
    this.id = id;
    this.headers = headers;
    this.opened = opened;
    this.closed = context.promise();
  }

  public int id() {
    return id;
  }

  /** Returns a header that it was opened with, by its name in lower case, or null. */
  public String header(String name) {
    return headers.get(name);
  }

  /** Takes a stream that the peer opened; until then nothing may be written to it. */
  public void accept() {
    connection.onLoop(
        () -> {
          if (!accepted && lost == null) {
            accepted = true;
            connection.reply(this);
          }
        });
  }

  @Override
  public SpdyStream handler(Handler<Buffer> handler) {
    connection.onLoop(
        () -> {
          this.handler = handler;
          deliver();
        });
    return this;
  }

  @Override
  public SpdyStream endHandler(Handler<Void> handler) {
    connection.onLoop(() -> endHandler = handler);
    return this;
  }

  @Override
  public SpdyStream exceptionHandler(Handler<Throwable> handler) {
    connection.onLoop(() -> exceptionHandler = handler);
    return this;
  }

  @Override
  public SpdyStream pause() {
    connection.onLoop(() -> demand = 0);
    return this;
  }

  @Override
  public SpdyStream resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public SpdyStream fetch(long amount) {
    connection.onLoop(
        () -> {
          demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
          deliver();
        });
    return this;
  }

  @Override
  public Future<Void> write(Buffer data) {
    return write(((BufferInternal) data).getByteBuf(), false);
  }

  @Override
  public Future<Void> end() {
    return write(Unpooled.EMPTY_BUFFER, true);
  }

  @Override
  public Future<Void> end(Buffer data) {
    return write(((BufferInternal) data).getByteBuf(), true);
  }

  private Future<Void> write(ByteBuf bytes, boolean fin) {
    Promise<Void> done = context.promise();
    // Not before what another thread wrote, which may still wait for its turn on the loop.
    if (connection.inLoop() && outside.get() == 0) {
      write(bytes, fin, done);
    } else {
      int size = bytes.readableBytes();
      outside.addAndGet(size);
      connection.later(
          () -> {
            write(bytes, fin, done);
            if (outside.addAndGet(-size) < MAX_OUTSIDE) {
              drained();
            }
          });
    }
    return done.future();
  }

  private void write(ByteBuf bytes, boolean fin, Promise<Void> done) {
    if (localEnded || lost != null) {
      bytes.release();
      if (fin && localEnded && lost == null) {
        done.complete();
      } else {
        done.fail(lost == null ? new SpdyException("the stream has ended") : lost);
      }
      return;
    }
    if (!fin && !bytes.isReadable()) {
      bytes.release();
      done.complete();
      return;
    }
    localEnded = fin;
    connection.write(this, bytes, fin, done);
    closeIfEnded();
  }

  /** Has no effect: the streams of a connection share its queue. */
  @Override
  public SpdyStream setWriteQueueMaxSize(int maxSize) {
    return this;
  }

  @Override
  public boolean writeQueueFull() {
    return !connection.isWritable() || outside.get() >= MAX_OUTSIDE;
  }

  @Override
  public SpdyStream drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    if (handler != null && !connection.inLoop()) {
      // It may have drained since the caller asked whether it is full.
      connection.onLoop(this::drained);
    }
    return this;
  }

  @Override
  public Future<Void> reset() {
    connection.onLoop(() -> fail(SpdyStatus.CANCEL, "the stream was reset"));
    return closed.future();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  // What the connection tells it, on the event loop.

  boolean isAccepted() {
    return accepted;
  }

  boolean hasRemoteEnded() {
    return remoteEnded;
  }

  void replied(boolean fin) {
    if (accepted || opened == null) {
      fail(SpdyStatus.STREAM_IN_USE, "the peer replied twice");
      return;
    }
    accepted = true;
    opened.complete(this);
    if (fin) {
      received(Unpooled.EMPTY_BUFFER, true);
    }
  }

  void received(ByteBuf data, boolean fin) {
    if (lost != null) {
      return;
    }
    if (data.isReadable()) {
      // A copy: what readers get they keep as long as they like, and give back to nobody.
      Buffer bytes = BufferInternal.buffer(Unpooled.wrappedBuffer(ByteBufUtil.getBytes(data)));
      if (demand > 0 && handler != null && buffered == 0 && !delivering) {
        deliver(bytes);
      } else {
        keep(bytes);
      }
    }
    if (fin) {
      remoteEnded = true;
      deliver();
      closeIfEnded();
    }
  }

  private void keep(Buffer bytes) {
    if (received == null) {
      received = new ArrayDeque<>(4);
    }
    received.add(bytes);
    buffered += bytes.length();
    if (!full && buffered > connection.limits.buffered()) {
      full = true;
      connection.full(true);
    }
  }

  private void deliver(Buffer bytes) {
    if (demand != Long.MAX_VALUE) {
      demand--;
    }
    delivering = true;
    try {
      context.emit(bytes, handler);
    } finally {
      delivering = false;
    }
  }

  private void deliver() {
    if (delivering) {
      return;
    }
    while (demand > 0 && handler != null && buffered > 0) {
      Buffer bytes = received.poll();
      buffered -= bytes.length();
      deliver(bytes);
      if (full && buffered <= connection.limits.buffered() / 2) {
        full = false;
        connection.full(false);
      }
    }
    if (remoteEnded && buffered == 0 && demand > 0 && !endDelivered) {
      endDelivered = true;
      received = null;
      if (lost != null && exceptionHandler != null) {
        context.emit(lost, exceptionHandler);
      }
      if (endHandler != null) {
        context.emit(null, endHandler);
      }
    }
  }

  void drained() {
    Handler<Void> waiting = drainHandler;
    if (waiting != null && !writeQueueFull()) {
      context.emit(null, waiting);
    }
  }

  private void closeIfEnded() {
    if (localEnded && remoteEnded) {
      connection.forget(this);
      closed.tryComplete();
    }
  }

  /** Ends it with an error of ours; what was received and not read is dropped. */
  void fail(SpdyStatus status, String why) {
    if (lost != null || (localEnded && remoteEnded)) {
      discard();
      return;
    }
    connection.reset(this, status);
    discard();
    lost(new SpdyException(why));
  }

  private void discard() {
    received = null;
    buffered = 0;
    if (full) {
      full = false;
      connection.full(false);
    }
  }

  /** The peer or the connection ended it. */
  void lost(Throwable cause) {
    if (lost != null) {
      return;
    }
    lost = cause;
    remoteEnded = true;
    if (opened != null) {
      opened.tryFail(cause);
    }
    deliver();
    closed.tryComplete();
    Handler<Void> waiting = drainHandler;
    if (waiting != null) {
      // Whoever waits to write learns from the write that there is no point.
      context.emit(null, waiting);
    }
  }
}
