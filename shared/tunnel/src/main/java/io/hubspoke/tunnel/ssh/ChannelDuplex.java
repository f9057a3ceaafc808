package io.hubspoke.tunnel.ssh;

import io.hubspoke.streams.PairedDuplex;
import io.hubspoke.streams.Pipe;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.Arrays;
import org.apache.sshd.common.channel.Channel;

/**
 * The bytes of one SSH channel. A window is opened again only when a reader has taken what came in
 * it, so that a stopped reader stops its own sender and nobody else on the connection.
 *
 * <p>A channel that ends without an end of file, as RFC 4254 section 5.3 has it, has been reset.
 */
public final class ChannelDuplex extends PairedDuplex {
  private final Channel channel;
  private final Pipe arrived;
  private final ReadStream<Buffer> incoming = new Incoming();
  private final ChannelSink outgoing;
  private final Promise<Void> closed = Promise.promise();
  private boolean inputEnded;
  private boolean outputEnded;
  private volatile boolean over;

  /** Sends the end of file, once. */
  @FunctionalInterface
  public interface EndOfFile {
    void send() throws IOException;
  }

  /**
   * Makes it for a channel that both ends have opened.
   *
   * @param context on whose event loop it lives
   */
  public ChannelDuplex(ContextInternal context, Channel channel, EndOfFile endOfFile) {
    this.channel = channel;
    this.arrived = new Pipe(context);
    this.outgoing = new ChannelSink(context, channel, endOfFile, () -> ended(false));
    incoming.handler(null);
  }

  /** Takes what has come; called by the channel on the connection's thread, as all that follow. */
  public void received(byte[] data, int offset, int length) {
    byte[] bytes = Arrays.copyOfRange(data, offset, offset + length);
    // Fails when the reader has gone.
    arrived.sink().write(BufferInternal.buffer(Unpooled.wrappedBuffer(bytes))).otherwiseEmpty();
  }

  /** The other end takes more. */
  public void windowExpanded() {
    outgoing.resume();
  }

  /** The other end has said its last. */
  public void endOfFile() {
    arrived.sink().end().otherwiseEmpty();
    ended(true);
  }

  /** The channel is over, by the other end's will or with the connection. */
  public void closed(Throwable cause) {
    boolean wasOver;
    boolean heard;
    synchronized (this) {
      wasOver = over;
      over = true;
      heard = inputEnded;
    }
    if (wasOver) {
      return;
    }
    arrived.fail(cause);
    outgoing.abandon(cause, heard);
    if (heard && outgoing.hasEnded()) {
      // The answer to our end of file was faster than the note that it was sent.
      closed.tryComplete();
    } else {
      closed.tryFail(cause);
    }
  }

  private void ended(boolean input) {
    synchronized (this) {
      inputEnded |= input;
      outputEnded |= !input;
      if (over || !inputEnded || !outputEnded) {
        return;
      }
      over = true;
    }
    closed.tryComplete();
    var _ = channel.close(false);
  }

  @Override
  protected ReadStream<Buffer> incoming() {
    return incoming;
  }

  @Override
  protected WriteStream<Buffer> outgoing() {
    return outgoing;
  }

  @Override
  public Future<Void> reset() {
    boolean wasOver;
    synchronized (this) {
      wasOver = over;
      over = true;
    }
    arrived.abandon();
    if (!wasOver) {
      // From here on nothing follows: the other end's implementation may take that for an attack.
      outgoing.abandon(new IOException("the connection was reset"), false);
      closed.tryComplete();
      var _ = channel.close(false);
    }
    return closed();
  }

  @Override
  public Future<Void> fail(Throwable cause) {
    arrived.abandon();
    outgoing.fail(() -> reset().otherwiseEmpty());
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return closed.future();
  }

  private void taken(int bytes) {
    if (over) {
      return;
    }
    try {
      channel.getLocalWindow().release(bytes);
    } catch (IOException | RuntimeException gone) {
      // The connection ends, and this channel is told so.
    }
  }

  private final class Incoming implements ReadStream<Buffer> {
    @Override
    public ReadStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
      arrived.source().exceptionHandler(handler);
      return this;
    }

    @Override
    public ReadStream<Buffer> handler(Handler<Buffer> handler) {
      arrived
          .source()
          .handler(
              bytes -> {
                taken(bytes.length());
                if (handler != null) {
                  handler.handle(bytes);
                }
              });
      return this;
    }

    @Override
    public ReadStream<Buffer> pause() {
      arrived.source().pause();
      return this;
    }

    @Override
    public ReadStream<Buffer> resume() {
      arrived.source().resume();
      return this;
    }

    @Override
    public ReadStream<Buffer> fetch(long amount) {
      arrived.source().fetch(amount);
      return this;
    }

    @Override
    public ReadStream<Buffer> endHandler(Handler<Void> handler) {
      arrived.source().endHandler(handler);
      return this;
    }
  }
}
