package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PairedDuplex;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;

/** A connection to a port at the client's end: a stream of data, and one that says what failed. */
final class ForwardedPort extends PairedDuplex {
  private static final int MAX_MESSAGE = 64 << 10;

  private final SpdyStream data;
  private final SpdyStream errors;
  private final Buffer message = Buffer.buffer();
  private final Future<Void> closed;

  ForwardedPort(SpdyStream data, SpdyStream errors) {
    this.data = data;
    this.errors = errors;
    this.closed =
        Future.join(data.closed(), errors.closed())
            .transform(
                v -> message.length() == 0 ? Future.succeededFuture() : Future.failedFuture(why()));
    errors
        .handler(this::failed)
        .endHandler(
            v -> {
              if (message.length() > 0) {
                // Whatever becomes of the data, the connection at the far end is no more.
                var _ = data.reset();
              }
            })
        .resume();
    errors.end().otherwiseEmpty();
    data.closed().onComplete(v -> errors.reset());
  }

  private void failed(Buffer more) {
    if (message.length() + more.length() <= MAX_MESSAGE) {
      message.appendBuffer(more);
    }
  }

  private IOException why() {
    return new IOException(message.toString(UTF_8));
  }

  @Override
  public Duplex exceptionHandler(Handler<Throwable> handler) {
    data.exceptionHandler(
        handler == null ? null : broken -> handler.handle(message.length() == 0 ? broken : why()));
    return this;
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return data;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return data;
  }

  @Override
  public Future<Void> reset() {
    var _ = errors.reset();
    return data.reset();
  }

  @Override
  public Future<Void> closed() {
    return closed;
  }
}
