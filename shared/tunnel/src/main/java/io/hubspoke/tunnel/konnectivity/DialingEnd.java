package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.tunnel.TunnelDownException;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The end of a packet stream that asks for connections: a server towards an agent, or a client. */
public final class DialingEnd extends TunnelConnections {
  /** How long the other end may take to say that a connection has ended. */
  private static final int CLOSE_SECONDS = 10;

  private final String name;
  private final int maxPending;
  private final boolean forOne;
  private final LongObjectMap<Dial> pending = new LongObjectHashMap<>(8);
  private volatile int pendingSize;
  private volatile boolean draining;

  private DialingEnd(
      ContextInternal context,
      PacketStream stream,
      FlowControl flow,
      String name,
      int maxPending,
      boolean forOne) {
    super(context, stream, flow);
    this.name = name;
    this.maxPending = maxPending;
    this.forOne = forOne;
  }

  /**
   * Takes a stream over.
   *
   * @param context of the stream
   * @param name of the tunnel, for errors
   * @param maxPending dials that may wait for their answer
   */
  public static DialingEnd over(
      ContextInternal context, PacketStream stream, FlowControl flow, String name, int maxPending) {
    var end = new DialingEnd(context, stream, flow, name, maxPending, false);
    end.start();
    return end;
  }

  /**
   * Takes a stream over that is for one dial, and ends it when that has failed or its connection is
   * over.
   *
   * @param context of the stream
   * @param name of the tunnel, for errors
   */
  public static DialingEnd forOne(ContextInternal context, PacketStream stream, String name) {
    var end = new DialingEnd(context, stream, new FlowControl.OfStream(), name, 1, true);
    end.start();
    return end;
  }

  /** Returns how many dials have no answer yet. */
  public int pending() {
    return pendingSize;
  }

  /** Returns whether the other end has asked for no further dials. */
  public boolean draining() {
    return draining;
  }

  /**
   * Asks for a connection by TCP; called on any thread.
   *
   * @param user where the connection lives
   * @param address host and port
   */
  public Dial dial(ContextInternal user, String address) {
    var dial = new Dial(user);
    execute(() -> dial.start(address));
    return dial;
  }

  @Override
  void dialPacket(Packet packet) {
    switch (packet) {
      case Packet.DialResponse response -> {
        Dial dial = removePending(response.random());
        if (dial != null) {
          dial.answered(response);
        } else if (response.connectId() != 0 && connection(response.connectId()) == null) {
          // Of a dial that was given up: nobody wants the connection.
          send(new Packet.CloseRequest(response.connectId()));
        }
      }
      case Packet.CloseDial close -> {
        Dial dial = removePending(close.random());
        if (dial != null) {
          dial.fail(new IOException("the dial was ended by the tunnel's far end"));
        }
      }
      case Packet.CloseResponse close -> {
        TunnelledConnection connection = remove(close.connectId());
        if (connection != null) {
          connection.peerEnded(close.error());
        }
      }
      case Packet.Drain _ -> draining = true;
      // What only this end sends, or what is no business of here.
      case Packet.DialRequest _, Packet.CloseRequest _, Packet.Data _, Packet.Credit _ -> {}
    }
  }

  @Override
  void unknown(long connectId) {
    send(new Packet.CloseRequest(connectId));
  }

  @Override
  void end(TunnelledConnection connection) {
    requestClose(connection);
  }

  @Override
  void abort(TunnelledConnection connection, boolean ending, String reason) {
    if (forOne) {
      breakOff();
    } else if (!ending) {
      requestClose(connection);
    }
  }

  /** Its id stays known until the other end has answered, since packets are under way. */
  private void requestClose(TunnelledConnection connection) {
    send(new Packet.CloseRequest(connection.id()));
    if (broken() != null) {
      return;
    }
    var limit =
        loop()
            .schedule(
                () -> {
                  if (connection(connection.id()) == connection) {
                    remove(connection.id());
                    connection.broken(new IOException("the tunnel's far end did not close it"));
                  }
                },
                CLOSE_SECONDS,
                TimeUnit.SECONDS);
    connection.whenReleased(() -> limit.cancel(false));
  }

  @Override
  void idle() {
    if (forOne && pending.isEmpty()) {
      close();
    }
  }

  @Override
  void dialsBroken(Throwable cause) {
    List<Dial> all = List.copyOf(pending.values());
    pending.clear();
    pendingSize = 0;
    for (Dial dial : all) {
      dial.fail(new TunnelDownException(name, cause.getMessage()));
    }
  }

  private Dial removePending(long random) {
    Dial dial = pending.remove(random);
    pendingSize = pending.size();
    return dial;
  }

  /** Asks for one connection. */
  public final class Dial {
    private final ContextInternal user;
    private final Promise<TunnelledConnection> connected;
    // Of the event loop alone.
    private long random;
    private TunnelledConnection connection;
    private boolean over;

    Dial(ContextInternal user) {
      this.user = user;
      this.connected = user.promise();
    }

    /** Returns the connection; fails with what the other end says against it. */
    public Future<TunnelledConnection> connected() {
      return connected.future();
    }

    /** Gives it up, and the connection if there is one by now; called on any thread. */
    public void cancel() {
      execute(
          () -> {
            if (connection != null) {
              connection.reset();
            } else if (!over) {
              if (removePending(random) != null) {
                send(new Packet.CloseDial(random));
              }
              fail(new IOException("the dial was given up"));
            }
          });
    }

    private void start(String address) {
      if (over) {
        return;
      }
      if (broken() != null) {
        fail(new TunnelDownException(name, broken().getMessage()));
        return;
      }
      if (pending.size() >= maxPending) {
        fail(new IOException(maxPending + " dials wait for their answer already"));
        return;
      }
      do {
        random = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
      } while (pending.containsKey(random));
      pending.put(random, this);
      pendingSize = pending.size();
      send(new Packet.DialRequest("tcp", address, random));
    }

    private void answered(Packet.DialResponse response) {
      long id = response.connectId();
      if (!response.error().isEmpty()) {
        fail(new IOException(response.error()));
      } else if (id == 0 || connection(id) != null) {
        fail(new IOException("the tunnel's far end gave the connection id " + id));
      } else {
        over = true;
        connection = new TunnelledConnection(DialingEnd.this, id, user);
        add(connection);
        connected.complete(connection);
      }
    }

    private void fail(IOException cause) {
      over = true;
      connected.tryFail(cause);
      idle();
    }
  }
}
