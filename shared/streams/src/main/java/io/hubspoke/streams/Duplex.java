package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;

/**
 * Bytes both ways, each way ended by itself: a TCP connection, or a stream of a connection that
 * many share. {@link #end()} half-closes.
 */
public interface Duplex extends ReadStream<Buffer>, WriteStream<Buffer> {

  @Override
  Duplex exceptionHandler(Handler<Throwable> handler);

  @Override
  Duplex handler(Handler<Buffer> handler);

  @Override
  Duplex pause();

  @Override
  Duplex resume();

  @Override
  Duplex fetch(long amount);

  @Override
  Duplex endHandler(Handler<Void> handler);

  @Override
  Duplex setWriteQueueMaxSize(int maxSize);

  @Override
  Duplex drainHandler(Handler<Void> handler);

  /** Ends both ways at once; what is under way may be lost. */
  Future<Void> reset();

  /**
   * Ends both ways because of an error, which follows what was written before where that can be
   * told; what comes is dropped from now on.
   */
  default Future<Void> fail(Throwable cause) {
    return reset();
  }

  /**
   * Completes when both ways have ended and the reader knows, by a reset from here too; fails when
   * the connection broke.
   */
  Future<Void> closed();
}
