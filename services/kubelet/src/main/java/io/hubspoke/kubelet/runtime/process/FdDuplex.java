package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.streams.PairedDuplex;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicInteger;

/** A connected socket as bytes both ways, each way ended by itself. */
final class FdDuplex extends PairedDuplex {
  private static final int SHUT_WR = 1;

  private final FdSource source;
  private final FdSink sink;
  private final Promise<Void> closed;
  private final AtomicInteger open = new AtomicInteger(2);
  private final FdPoller poller;
  private final int fd;

  /** Takes over a connected socket that doesn't block. */
  FdDuplex(ContextInternal context, FdPoller poller, int fd) {
    this.poller = poller;
    this.fd = fd;
    this.closed = context.promise();
    this.source = new FdSource(context, poller, fd);
    this.sink =
        new FdSink(
            context,
            poller,
            fd,
            () -> {
              Libc.tryCall(Libc.SHUTDOWN, fd, SHUT_WR);
              halfEnded();
            });
    source.ended().onComplete(v -> halfEnded());
  }

  private void halfEnded() {
    if (open.decrementAndGet() == 0) {
      poller.closeFd(fd);
      closed.tryComplete();
    }
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return source;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return sink;
  }

  @Override
  public Future<Void> reset() {
    sink.cut();
    source.cut();
    // Nothing waits in the sink now, so that its end is told at once.
    return sink.end().eventually(closed::future);
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }
}
