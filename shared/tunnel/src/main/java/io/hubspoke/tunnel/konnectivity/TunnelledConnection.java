package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.streams.PairedDuplex;
import io.hubspoke.streams.Pipe;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * A connection over a packet stream that others share. It is paused at first. The protocol has no
 * half-close: {@link #end()} ends the connection after what was written, though the end that dialed
 * still gets what the other had sent by then; {@link #closed()} completes when both ends have said
 * theirs.
 */
public final class TunnelledConnection extends PairedDuplex {
  /** How long what is left to be read or sent may stand still once the connection has failed. */
  private static final int STANDSTILL_SECONDS = 60;

  private final TunnelConnections connections;
  private final long id;
  private final Pipe incoming;
  private final Source source;
  private final OutgoingData outgoing;
  private final ReceiveWindow window;
  private final Promise<Void> closed = Promise.promise();
  // Of the stream's event loop alone.
  private boolean localEnded;
  private boolean peerEnded;
  private Runnable whenReleased = () -> {};
  private volatile Runnable whenWindowFull = () -> {};

  /**
   * @param user where its handlers are called
   */
  TunnelledConnection(TunnelConnections connections, long id, ContextInternal user) {
    this.connections = connections;
    this.id = id;
    this.incoming = Pipe.compact(user);
    this.source = new Source(incoming.source());
    FlowControl flow = connections.flow();
    long credit =
        switch (flow) {
          case FlowControl.Credits credits -> credits.send();
          case FlowControl.Bounded _, FlowControl.OfStream _ -> Long.MAX_VALUE >>> 1;
        };
    this.outgoing = new OutgoingData(this, user, connections.loop(), credit);
    this.window = new ReceiveWindow(this, flow, connections.loop());
    incoming.whenOver(
        (ended, cause) -> {
          if (cause != null) {
            closed.tryFail(cause);
          }
        });
  }

  /** Returns by what its packets are known. */
  public long id() {
    return id;
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return source;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return outgoing;
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  @Override
  public Future<Void> reset() {
    return reset("connection reset");
  }

  private Future<Void> reset(String reason) {
    incoming.abandon();
    connections.execute(
        () -> {
          if (!peerEnded) {
            peerEnded = true;
            connections.abort(this, localEnded, reason);
          }
          over();
          closed.tryComplete();
        });
    return closed();
  }

  /** The cause's message is told to the other end, if that is the one that has dialed. */
  @Override
  public Future<Void> fail(Throwable cause) {
    incoming.abandon();
    connections.execute(
        () -> {
          if (peerEnded) {
            reset();
            return;
          }
          // What comes is dropped.
          window.close();
          outgoing.fail(() -> reset(String.valueOf(cause.getMessage())));
          look(outgoing.size());
        });
    return closed();
  }

  private void look(long before) {
    limit(
        () -> {
          if (outgoing.size() < before) {
            look(outgoing.size());
          } else {
            reset();
          }
        });
  }

  private void limit(Runnable action) {
    if (!closed.future().isComplete()) {
      var limit = connections.loop().schedule(action, STANDSTILL_SECONDS, TimeUnit.SECONDS);
      closed.future().onComplete(done -> limit.cancel(false));
    }
  }

  /** Ends both ways because of what this end does not put up with. */
  void fail(String reason) {
    if (!peerEnded) {
      peerEnded = true;
      connections.abort(this, localEnded, reason);
    }
    var cause = new IOException(reason);
    closed.tryFail(cause);
    broken(cause);
  }

  /** The stream has broken, or the connection in it. */
  void broken(Throwable cause) {
    peerEnded = true;
    incoming.fail(cause);
    limit(() -> closed.tryFail(cause));
    over();
  }

  /** The other end has sent its last, and takes nothing any more. */
  void peerEnded(String error) {
    if (!error.isEmpty()) {
      broken(new IOException(error));
      return;
    }
    peerEnded = true;
    incoming.sink().end().otherwiseEmpty();
    over();
    if (localEnded) {
      closed.tryComplete();
    }
  }

  /** All that was written has been sent. */
  void localEnded() {
    localEnded = true;
    if (peerEnded) {
      closed.tryComplete();
    } else {
      connections.end(this);
    }
  }

  /** Calls when the stream's end no longer knows of it. */
  void whenReleased(Runnable action) {
    whenReleased = action;
  }

  /**
   * Calls when as much waits for this end's reader as may; on the event loop of the stream, and
   * again when it comes to that again.
   */
  public void whenWindowFull(Runnable action) {
    whenWindowFull = action;
  }

  void windowFull() {
    whenWindowFull.run();
  }

  /** The stream's end no longer knows of it. */
  void released() {
    whenReleased.run();
  }

  private void over() {
    window.close();
    outgoing.abandon();
  }

  void received(Buffer bytes) {
    if (!peerEnded && bytes.length() > 0) {
      // Fails when the reader has gone.
      incoming.sink().write(bytes).otherwiseEmpty();
      window.received(bytes.length());
    }
  }

  /** The other end takes more. */
  void granted(long bytes) {
    if (bytes > 0) {
      outgoing.grant(bytes);
    } else {
      fail("credit of " + bytes + " bytes");
    }
  }

  void giveCredit(long bytes) {
    if (!peerEnded) {
      connections.send(new Packet.Credit(id, bytes));
    }
  }

  void send(Buffer bytes) {
    connections.send(new Packet.Data(id, "", bytes));
  }

  boolean streamFull() {
    return connections.full();
  }

  void awaitRoom(OutgoingData waiting) {
    connections.awaitRoom(waiting);
  }

  void holdStream() {
    connections.hold();
  }

  void releaseStream() {
    connections.release();
  }

  /** Tells the window what the reader has got. */
  private final class Source implements ReadStream<Buffer> {
    private final ReadStream<Buffer> source;

    Source(ReadStream<Buffer> source) {
      this.source = source;
    }

    @Override
    public Source handler(Handler<Buffer> handler) {
      source.handler(
          handler == null
              ? null
              : bytes -> {
                handler.handle(bytes);
                window.read(bytes.length());
              });
      return this;
    }

    @Override
    public Source exceptionHandler(Handler<Throwable> handler) {
      source.exceptionHandler(handler);
      return this;
    }

    @Override
    public Source endHandler(Handler<Void> handler) {
      source.endHandler(handler);
      return this;
    }

    @Override
    public Source pause() {
      source.pause();
      return this;
    }

    @Override
    public Source resume() {
      source.resume();
      return this;
    }

    @Override
    public Source fetch(long amount) {
      source.fetch(amount);
      return this;
    }
  }
}
