package io.hubspoke.tunnel;

import io.hubspoke.streams.PairedDuplex;
import io.hubspoke.streams.Pipe;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;

/** One end of a connection that is made of nothing but memory. */
final class PipeDuplex extends PairedDuplex {
  final PipeDuplex far;
  volatile boolean reset;
  private final Pipe incoming;
  private final Pipe outgoing;
  private final Promise<Void> closed = Promise.promise();

  /** Makes both ends, on the context that calls or a new one. */
  PipeDuplex(Vertx vertx) {
    ContextInternal here = ((VertxInternal) vertx).getOrCreateContext();
    incoming = new Pipe(here);
    outgoing = new Pipe(((VertxInternal) vertx).createEventLoopContext());
    far = new PipeDuplex(this);
  }

  private PipeDuplex(PipeDuplex near) {
    incoming = near.outgoing;
    outgoing = near.incoming;
    far = near;
  }

  /** Returns whether the end of what was written here is known at the far end. */
  boolean wasEnded() {
    return outgoing.sink().write(Buffer.buffer("x")).failed();
  }

  /** Breaks it, so that both ends learn of it after what was sent before. */
  void breakOff(String why) {
    IOException broken = new IOException(why);
    outgoing.fail(broken);
    incoming.fail(broken);
    far.closed.tryComplete();
    closed.tryComplete();
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return incoming.source();
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return outgoing.sink();
  }

  @Override
  public Future<Void> reset() {
    reset = true;
    incoming.abandon();
    outgoing.fail(new IOException("connection reset by peer"));
    far.closed.tryComplete();
    closed.tryComplete();
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }
}
