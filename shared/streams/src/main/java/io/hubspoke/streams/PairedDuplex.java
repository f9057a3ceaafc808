package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;

/** Makes a duplex of a stream for each way; how it ends as a whole is left to say. */
public abstract class PairedDuplex implements Duplex {

  /** Returns what comes; always the same. */
  protected abstract ReadStream<Buffer> incoming();

  /** Returns where to write; always the same. */
  protected abstract WriteStream<Buffer> outgoing();

  @Override
  public Duplex exceptionHandler(Handler<Throwable> handler) {
    incoming().exceptionHandler(handler);
    outgoing().exceptionHandler(handler);
    return this;
  }

  @Override
  public final Duplex handler(Handler<Buffer> handler) {
    incoming().handler(handler);
    return this;
  }

  @Override
  public final Duplex pause() {
    incoming().pause();
    return this;
  }

  @Override
  public final Duplex resume() {
    incoming().resume();
    return this;
  }

  @Override
  public final Duplex fetch(long amount) {
    incoming().fetch(amount);
    return this;
  }

  @Override
  public final Duplex endHandler(Handler<Void> handler) {
    incoming().endHandler(handler);
    return this;
  }

  @Override
  public final Future<Void> write(Buffer data) {
    return outgoing().write(data);
  }

  @Override
  public final Future<Void> end() {
    return outgoing().end();
  }

  @Override
  public final Duplex setWriteQueueMaxSize(int maxSize) {
    outgoing().setWriteQueueMaxSize(maxSize);
    return this;
  }

  @Override
  public final boolean writeQueueFull() {
    return outgoing().writeQueueFull();
  }

  @Override
  public final Duplex drainHandler(Handler<Void> handler) {
    outgoing().drainHandler(handler);
    return this;
  }
}
