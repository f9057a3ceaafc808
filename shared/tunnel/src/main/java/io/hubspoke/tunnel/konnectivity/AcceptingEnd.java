package io.hubspoke.tunnel.konnectivity;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.util.List;

/** The end of a packet stream that is asked for connections: an agent, or a server's frontend. */
public final class AcceptingEnd extends TunnelConnections {
  private final Handler<IncomingDial> dials;
  private final int maxPending;
  private final LongObjectMap<IncomingDial> pending = new LongObjectHashMap<>(8);
  private volatile int pendingSize;
  private long lastId;

  private AcceptingEnd(
      ContextInternal context,
      PacketStream stream,
      FlowControl flow,
      int maxPending,
      Handler<IncomingDial> dials) {
    super(context, stream, flow);
    this.maxPending = maxPending;
    this.dials = dials;
  }

  /**
   * Takes a stream over.
   *
   * @param context of the stream, on whose event loop dials are told
   * @param maxPending dials that may wait for their answer; further ones are refused
   * @param dials is told of each dial, and accepts or refuses it
   */
  public static AcceptingEnd over(
      ContextInternal context,
      PacketStream stream,
      FlowControl flow,
      int maxPending,
      Handler<IncomingDial> dials) {
    var end = new AcceptingEnd(context, stream, flow, maxPending, dials);
    end.start();
    return end;
  }

  /** Returns how many dials have no answer yet. */
  public int pending() {
    return pendingSize;
  }

  /** Asks for no further dials. */
  public void drain() {
    execute(() -> send(new Packet.Drain()));
  }

  @Override
  void dialPacket(Packet packet) {
    switch (packet) {
      case Packet.DialRequest request -> dial(request);
      case Packet.CloseDial close -> {
        IncomingDial dial = removePending(close.random());
        if (dial != null) {
          dial.cancel();
        }
      }
      case Packet.CloseRequest close -> {
        TunnelledConnection connection = remove(close.connectId());
        send(
            new Packet.CloseResponse(
                connection == null ? "unknown connection" : "", close.connectId()));
        if (connection != null) {
          connection.peerEnded("");
        }
      }
      // What only this end sends, or what is no business of here.
      case Packet.DialResponse _,
          Packet.CloseResponse _,
          Packet.Drain _,
          Packet.Data _,
          Packet.Credit _ -> {}
    }
  }

  private void dial(Packet.DialRequest request) {
    if (pending.containsKey(request.random())) {
      // An answer would be taken for that of the first.
      return;
    }
    if (pending.size() >= maxPending) {
      send(
          new Packet.DialResponse(
              maxPending + " dials wait for their answer already", 0, request.random()));
      return;
    }
    var dial = new IncomingDial(request);
    pending.put(request.random(), dial);
    pendingSize = pending.size();
    dials.handle(dial);
  }

  @Override
  void unknown(long connectId) {
    send(new Packet.CloseResponse("unknown connection", connectId));
  }

  @Override
  void end(TunnelledConnection connection) {
    remove(connection.id());
    send(new Packet.CloseResponse("", connection.id()));
    connection.peerEnded("");
  }

  @Override
  void abort(TunnelledConnection connection, boolean ending, String reason) {
    if (remove(connection.id()) != null) {
      send(new Packet.CloseResponse(reason, connection.id()));
    }
  }

  @Override
  void idle() {
    // The stream is the other end's to close.
  }

  @Override
  void dialsBroken(Throwable cause) {
    List<IncomingDial> all = List.copyOf(pending.values());
    pending.clear();
    pendingSize = 0;
    for (IncomingDial dial : all) {
      dial.cancel();
    }
  }

  private IncomingDial removePending(long random) {
    IncomingDial dial = pending.remove(random);
    pendingSize = pending.size();
    return dial;
  }

  /** The other end's wish for a connection, to be accepted or refused; both on any thread. */
  public final class IncomingDial {
    private final Packet.DialRequest request;
    private final Promise<Void> cancelled = Promise.promise();

    IncomingDial(Packet.DialRequest request) {
      this.request = request;
    }

    /** Returns what is asked for, such as {@code tcp}. */
    public String protocol() {
      return request.protocol();
    }

    /** Returns host and port. */
    public String address() {
      return request.address();
    }

    /** Completes, if ever, when nobody waits for an answer any more. */
    public Future<Void> cancelled() {
      return cancelled.future();
    }

    /**
     * Says that it is connected.
     *
     * @param user where the connection lives
     * @return fails when it has been cancelled meanwhile
     */
    public Future<TunnelledConnection> accept(ContextInternal user) {
      Promise<TunnelledConnection> accepted = user.promise();
      execute(
          () -> {
            if (!answer()) {
              accepted.fail(new IOException("the dial has been cancelled"));
              return;
            }
            var connection = new TunnelledConnection(AcceptingEnd.this, ++lastId, user);
            add(connection);
            send(new Packet.DialResponse("", connection.id(), request.random()));
            accepted.complete(connection);
          });
      return accepted.future();
    }

    /**
     * Says that it can't be connected.
     *
     * @param error why
     */
    public void refuse(String error) {
      execute(
          () -> {
            if (answer()) {
              send(new Packet.DialResponse(error, 0, request.random()));
            }
          });
    }

    /** Returns whether an answer is waited for, which it is once at most. */
    private boolean answer() {
      return !cancelled.future().isComplete()
          && pending.get(request.random()) == this
          && removePending(request.random()) == this;
    }

    private void cancel() {
      cancelled.tryComplete();
    }
  }
}
