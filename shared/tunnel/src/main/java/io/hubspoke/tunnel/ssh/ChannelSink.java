package io.hubspoke.tunnel.ssh;

import io.hubspoke.streams.Pipe;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.threads.ThreadUtils;

/**
 * Writes to an SSH channel, as much as its window and the connection take. Called on any thread, it
 * sends on the event loop of its context.
 */
final class ChannelSink implements WriteStream<Buffer> {
  /** Bytes of one channel that wait for the connection: no channel fills its queue. */
  private static final int MAX_UNDER_WAY = 1 << 18;

  /** Bytes of a data message beside the data: recipient and length. */
  private static final int DATA_HEAD = 2 * Integer.BYTES;

  private record Entry(Buffer data, Promise<Void> written) {}

  private final ContextInternal context;
  private final Channel channel;
  private final ChannelDuplex.EndOfFile endOfFile;
  private final Runnable afterEnd;
  private final Deque<Entry> queue = new ArrayDeque<>();
  private int sentOfFirst;
  private int underWay;
  private long pending;
  private int capacity = Pipe.CAPACITY;
  private boolean scheduled;
  private boolean ended;
  private boolean cut;
  private Runnable failing;
  private boolean endSent;
  private boolean over;
  private boolean full;
  private boolean drained;
  private Handler<Void> drainHandler;
  private Handler<Throwable> exceptionHandler;

  /**
   * Makes it.
   *
   * @param afterEnd called once when the end of file has been sent
   */
  ChannelSink(
      ContextInternal context,
      Channel channel,
      ChannelDuplex.EndOfFile endOfFile,
      Runnable afterEnd) {
    this.context = context;
    this.channel = channel;
    this.endOfFile = endOfFile;
    this.afterEnd = afterEnd;
  }

  @Override
  public Future<Void> write(Buffer data) {
    Promise<Void> written = context.promise();
    synchronized (this) {
      if (ended || over) {
        return context.failedFuture(new IOException(over ? "broken pipe" : "the stream has ended"));
      }
      if (data.length() == 0) {
        return context.succeededFuture();
      }
      queue.add(new Entry(data, written));
      pending += data.length();
      if (pending >= capacity) {
        full = true;
        drained = false;
      }
    }
    resume();
    return written.future();
  }

  @Override
  public Future<Void> end() {
    synchronized (this) {
      ended = true;
    }
    resume();
    return context.succeededFuture();
  }

  /** Does this when all has been sent, and the end of file if it has ended already. */
  void fail(Runnable action) {
    boolean now;
    synchronized (this) {
      if (failing != null) {
        return;
      }
      failing = action;
      cut = !ended;
      ended = true;
      now = endSent;
    }
    if (now) {
      action.run();
    } else {
      resume();
    }
  }

  /** Goes on where the window or the connection was full. */
  void resume() {
    if (context.nettyEventLoop().inEventLoop()) {
      send();
      return;
    }
    synchronized (this) {
      if (scheduled) {
        return;
      }
      scheduled = true;
    }
    context
        .nettyEventLoop()
        .execute(
            () -> {
              synchronized (this) {
                scheduled = false;
              }
              send();
            });
  }

  private void send() {
    while (true) {
      Entry last;
      int length;
      IoWriteFuture written;
      // Held while a message is sent: once abandoned, nothing follows.
      synchronized (this) {
        if (over) {
          return;
        }
        Entry first = queue.peek();
        if (first == null) {
          break;
        }
        length = room(first.data().length() - sentOfFirst);
        if (length <= 0) {
          return;
        }
        try {
          written = send(first.data(), sentOfFirst, length);
        } catch (IOException | RuntimeException gone) {
          // The connection ends, and the channel is told so.
          return;
        }
        underWay += length;
        sentOfFirst += length;
        last = sentOfFirst == first.data().length() ? queue.poll() : null;
        sentOfFirst = last == null ? sentOfFirst : 0;
      }
      written.addListener(done -> sent(length, last, done.getException()));
    }
    sendEnd();
  }

  private int room(int waiting) {
    long window = channel.getRemoteWindow().getSize();
    long packet = channel.getRemoteWindow().getPacketSize();
    return (int) Math.min(Math.min(waiting, MAX_UNDER_WAY - underWay), Math.min(window, packet));
  }

  private IoWriteFuture send(Buffer data, int from, int length) throws IOException {
    Session session = channel.getSession();
    var message = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_DATA, length + DATA_HEAD);
    message.putUInt(channel.getRecipient());
    message.putUInt(length);
    int at = message.wpos();
    message.ensureCapacity(length);
    data.getBytes(from, from + length, message.array(), at);
    message.wpos(at + length);
    channel.getRemoteWindow().consume(length);
    try {
      // MINA blocks other threads than its own while keys are exchanged.
      return ThreadUtils.runAsInternal(() -> session.writePacket(message));
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private void sendEnd() {
    Runnable next;
    synchronized (this) {
      if (!ended || endSent || over) {
        return;
      }
      endSent = true;
      try {
        if (!cut) {
          endOfFile.send();
        }
      } catch (IOException | RuntimeException gone) {
        // The connection ends, and the channel is told so.
        return;
      }
      next = failing == null ? afterEnd : failing;
    }
    next.run();
  }

  /** Returns whether the end of file has been sent, or is being sent. */
  synchronized boolean hasEnded() {
    return endSent;
  }

  private void sent(int length, Entry last, Throwable failure) {
    Handler<Void> waiting = null;
    synchronized (this) {
      underWay -= length;
      pending -= length;
      if (full && pending <= capacity / 2) {
        full = false;
        drained = true;
        waiting = drainHandler;
      }
    }
    if (last != null) {
      last.written().complete(null, failure);
    }
    if (waiting != null) {
      context.emit(null, waiting);
    }
    if (failure == null) {
      resume();
    }
  }

  /**
   * Nothing is sent from now on.
   *
   * @param tell whether the writer is to hear of it, if it hasn't said its last
   */
  void abandon(Throwable cause, boolean tell) {
    Deque<Entry> dropped;
    Handler<Throwable> failed;
    Handler<Void> waiting;
    synchronized (this) {
      over = true;
      dropped = new ArrayDeque<>(queue);
      queue.clear();
      failed = tell && !endSent ? exceptionHandler : null;
      waiting = full ? drainHandler : null;
      drained |= full;
      full = false;
    }
    dropped.forEach(entry -> entry.written().tryFail(cause));
    if (failed != null) {
      context.emit(cause, failed);
    }
    if (waiting != null) {
      context.emit(null, waiting);
    }
  }

  @Override
  public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
    synchronized (this) {
      capacity = maxSize;
    }
    return this;
  }

  @Override
  public synchronized boolean writeQueueFull() {
    return full;
  }

  @Override
  public synchronized WriteStream<Buffer> drainHandler(Handler<Void> handler) {
    drainHandler = handler;
    if (drained && handler != null) {
      // It drained on another thread after the writer saw that it was full.
      drained = false;
      context.runOnContext(handler);
    }
    return this;
  }

  @Override
  public synchronized WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
    exceptionHandler = handler;
    return this;
  }
}
