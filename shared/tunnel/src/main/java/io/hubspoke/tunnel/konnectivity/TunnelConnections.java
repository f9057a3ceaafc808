package io.hubspoke.tunnel.konnectivity;

import io.netty.channel.EventLoop;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections over one packet stream, by their ids. It lives on the event loop of the stream's
 * context; its connections live on their users'.
 */
public abstract sealed class TunnelConnections permits DialingEnd, AcceptingEnd {
  private static final Logger LOG = LoggerFactory.getLogger(TunnelConnections.class);

  /**
   * Packets besides data that may wait to be written. Most answer one of the other end's, which
   * might send them without end and read nothing.
   */
  private static final int MAX_UNWRITTEN = 1 << 16;

  private final EventLoop loop;
  private final PacketStream stream;
  private final FlowControl flow;
  private final LongObjectMap<TunnelledConnection> connections = new LongObjectHashMap<>(8);
  private final Deque<OutgoingData> waiting = new ArrayDeque<>();
  private final Promise<Void> closed = Promise.promise();
  private volatile int size;
  private int holds;
  private boolean serving;
  private int unwritten;
  private Throwable broken;

  TunnelConnections(ContextInternal context, PacketStream stream, FlowControl flow) {
    this.loop = context.nettyEventLoop();
    this.stream = stream;
    this.flow = flow;
    closed.future().otherwiseEmpty();
  }

  /** Reads packets from now on. */
  final void start() {
    execute(
        () -> {
          stream.handler(this::accept);
          stream.exceptionHandler(this::broken);
          stream.endHandler(v -> broken(new IOException("the tunnel's stream has ended")));
          stream.drainHandler(v -> room());
          stream.resume();
        });
  }

  /** Does what a packet says that isn't of an established connection. */
  abstract void dialPacket(Packet packet);

  /** A packet came for a connection that isn't known. */
  abstract void unknown(long connectId);

  /** Says that nothing more is sent, and what follows from that. */
  abstract void end(TunnelledConnection connection);

  /**
   * Ends a connection at once.
   *
   * @param ending when the other end has been told already
   */
  abstract void abort(TunnelledConnection connection, boolean ending, String reason);

  /** There is no connection any more. */
  abstract void idle();

  /** The stream is over, and with it the dials that wait. */
  abstract void dialsBroken(Throwable cause);

  /** Returns how many connections there are, with those that are ending. */
  public final int size() {
    return size;
  }

  /** Completes when the stream is over; fails when it has broken. */
  public final Future<Void> closed() {
    return closed.future();
  }

  /** Ends the stream, and with it all connections. */
  public final Future<Void> close() {
    execute(
        () -> {
          if (broken == null) {
            stream.end().otherwiseEmpty();
            over(new IOException("the tunnel has been closed"));
            closed.tryComplete();
          }
        });
    return closed().otherwiseEmpty();
  }

  /** Breaks the stream off: what waits in it would hold up every word about its end. */
  final void breakOff() {
    if (broken == null) {
      stream.reset().otherwiseEmpty();
      over(new IOException("connection reset"));
      closed.tryComplete();
    }
  }

  private void accept(Packet packet) {
    if (broken != null) {
      return;
    }
    switch (packet) {
      case Packet.Data data -> data(data.connectId(), data.bytes());
      case Packet.Credit credit -> {
        TunnelledConnection connection = connections.get(credit.connectId());
        if (connection != null && flow instanceof FlowControl.Credits) {
          connection.granted(credit.bytes());
        }
      }
      case Packet.CloseRequest _,
          Packet.CloseResponse _,
          Packet.DialRequest _,
          Packet.DialResponse _,
          Packet.CloseDial _,
          Packet.Drain _ ->
          dialPacket(packet);
    }
  }

  private void data(long connectId, Buffer bytes) {
    TunnelledConnection connection = connections.get(connectId);
    if (connection != null) {
      connection.received(bytes);
    } else if (connectId != 0) {
      unknown(connectId);
    }
  }

  private void broken(Throwable cause) {
    if (broken != null) {
      return;
    }
    LOG.debug("a tunnel's stream is over: {}", cause.getMessage());
    over(cause);
    stream.end().otherwiseEmpty();
    closed.tryFail(cause);
  }

  private void over(Throwable cause) {
    broken = cause;
    List<TunnelledConnection> all = List.copyOf(connections.values());
    connections.clear();
    size = 0;
    waiting.clear();
    dialsBroken(cause);
    for (TunnelledConnection connection : all) {
      connection.released();
      connection.broken(cause);
    }
  }

  /** Returns why there are no connections any more; null while there may be. */
  final Throwable broken() {
    return broken;
  }

  final FlowControl flow() {
    return flow;
  }

  final EventLoop loop() {
    return loop;
  }

  final void execute(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  final TunnelledConnection connection(long id) {
    return connections.get(id);
  }

  final void add(TunnelledConnection connection) {
    connections.put(connection.id(), connection);
    size = connections.size();
  }

  final TunnelledConnection remove(long id) {
    TunnelledConnection removed = connections.remove(id);
    size = connections.size();
    if (removed != null) {
      removed.released();
      if (connections.isEmpty()) {
        idle();
      }
    }
    return removed;
  }

  final void send(Packet packet) {
    if (broken != null) {
      return;
    }
    // What fails breaks the stream, which says so by itself.
    Future<Void> written = stream.write(packet).otherwiseEmpty();
    if (packet instanceof Packet.Data) {
      // Waits for room in the stream before.
      return;
    }
    unwritten++;
    written.onComplete(done -> execute(() -> unwritten--));
    if (unwritten == MAX_UNWRITTEN) {
      // Not amid what is being done.
      loop.execute(this::unread);
    }
  }

  private void unread() {
    if (broken == null && unwritten >= MAX_UNWRITTEN / 2) {
      var cause = new IOException("the tunnel's other end does not read");
      LOG.warn("{}", cause.getMessage());
      over(cause);
      closed.tryFail(cause);
      stream.reset().otherwiseEmpty();
    }
  }

  /** Returns whether a connection has to wait for its turn. */
  final boolean full() {
    return broken == null && (stream.writeQueueFull() || (!serving && !waiting.isEmpty()));
  }

  final void awaitRoom(OutgoingData connection) {
    waiting.add(connection);
  }

  private void room() {
    serving = true;
    try {
      while (!stream.writeQueueFull() && !waiting.isEmpty()) {
        waiting.remove().roomInStream();
      }
    } finally {
      serving = false;
    }
  }

  final void hold() {
    if (holds++ == 0) {
      stream.pause();
    }
  }

  final void release() {
    if (--holds == 0) {
      stream.resume();
    }
  }
}
