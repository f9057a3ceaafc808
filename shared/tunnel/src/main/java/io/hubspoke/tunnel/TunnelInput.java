package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * What has come through a tunnel and waits for its reader, in a bounded queue: the stream is paused
 * above it. An end comes after all that was before it, and like data only to who reads. Confined to
 * the channel's event loop.
 */
final class TunnelInput {
  /** At this the stream is paused. */
  static final int MOST_BYTES = 256 * 1024;

  /** At this it goes on. */
  private static final int FEW_BYTES = 64 * 1024;

  /** Bytes read before others on the event loop get their turn. */
  private static final int TURN = 128 * 1024;

  /** How long a stream that has ended may take to say so to its reader. */
  private static final int LAST_WORDS_MILLIS = 250;

  private final TunnelChannel channel;
  private final Deque<ByteBuf> queue = new ArrayDeque<>();
  private Duplex from;
  private int bytes;
  private long received;
  private boolean paused;
  private boolean wanted;
  private boolean scheduled;
  private boolean ended;
  private boolean told;
  private boolean dropping;
  private Throwable failure;

  TunnelInput(TunnelChannel channel) {
    this.channel = channel;
  }

  /** Begins to take what comes. */
  void take(Duplex duplex) {
    from = duplex;
    duplex.handler(data -> channel.onEventLoop(() -> received(data)));
    duplex.endHandler(v -> channel.onEventLoop(() -> ended(null)));
    duplex.exceptionHandler(broken -> channel.onEventLoop(() -> ended(broken)));
    duplex.resume();
  }

  /** Notes that somebody reads. */
  void read() {
    wanted = true;
    schedule();
  }

  /** Notes that nobody reads until {@link #read()}. */
  void stopReading() {
    wanted = false;
  }

  /** Drops what there is and what will come. */
  void drop() {
    dropping = true;
    queue.forEach(ByteBuf::release);
    queue.clear();
    bytes = 0;
    resume();
  }

  /** Returns whether the reader knows that nothing more comes. */
  boolean isOver() {
    return told;
  }

  /**
   * Ends it.
   *
   * @param broken why it ended; null when it did so in order
   */
  void ended(Throwable broken) {
    if (!ended) {
      ended = true;
      failure = broken;
      schedule();
    }
  }

  /**
   * Notes that both ways are gone. What the stream still holds comes before long; one that then
   * doesn't say how it ended, as one that somebody else has reset, has broken.
   */
  void lost() {
    if (ended || !channel.isOpen()) {
      return;
    }
    long before = received;
    var _ =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  if (paused || received > before) {
                    lost();
                  } else {
                    ended(new IOException("the connection was reset"));
                  }
                },
                LAST_WORDS_MILLIS,
                TimeUnit.MILLISECONDS);
  }

  private void received(Buffer data) {
    if (dropping || ended || data.length() == 0) {
      return;
    }
    queue.add(((BufferInternal) data).getByteBuf());
    bytes += data.length();
    received += data.length();
    if (bytes >= MOST_BYTES && !paused) {
      paused = true;
      from.pause();
    }
    schedule();
  }

  private void schedule() {
    if (!scheduled && wanted && (!queue.isEmpty() || (ended && !told))) {
      scheduled = true;
      channel.eventLoop().execute(this::deliver);
    }
  }

  private void deliver() {
    scheduled = false;
    if (!channel.isOpen()) {
      return;
    }
    if (wanted && !queue.isEmpty()) {
      // Who reads by itself asks again when this turn is over.
      wanted = false;
      int turn = 0;
      do {
        ByteBuf next = queue.poll();
        bytes -= next.readableBytes();
        turn += next.readableBytes();
        channel.pipeline().fireChannelRead(next);
      } while (turn < TURN && !queue.isEmpty() && channel.config().isAutoRead());
      channel.pipeline().fireChannelReadComplete();
      if (bytes <= FEW_BYTES) {
        resume();
      }
    }
    if (wanted && ended && queue.isEmpty() && !told && channel.isOpen()) {
      told = true;
      channel.inputEnded(failure);
    }
  }

  private void resume() {
    if (paused) {
      paused = false;
      from.resume();
    }
  }
}
