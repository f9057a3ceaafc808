package io.hubspoke.lab.wire;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Relays the address that a server advertises to the one where it listens: the untrusted segment.
 *
 * <p>The onward connection keeps the source address of the incoming one, so a server sees who
 * really called. The mode changes at run time; it holds for new connections, and {@link Mode.Cut}
 * for those that are open too.
 */
public final class Wire {
  private static final int CROSSINGS_KEPT = 4096;
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  /** A closed listener leaves the kernel only at its selector's next turn. */
  private static final long SELECT_MILLIS = 5;

  private final Vertx vertx;
  private final Context context;
  private final SocketAddress target;

  /** Names callers whose addresses the onward connection can't have; null where it has them. */
  private final UnaryOperator<String> callers;

  private SocketAddress address;
  private SocketAddress bound;

  // All below is touched on the context alone, but for the two volatile ones.
  private final Map<String, NetClient> clients = new HashMap<>();
  private final Set<Relay> relays = new HashSet<>();
  private final Set<NetSocketInternal> held = new HashSet<>();

  /** Connections whose other half is still being made; a reset ends them too. */
  private final Set<NetSocketInternal> joining = new HashSet<>();

  private final Deque<Crossing> crossings = new ArrayDeque<>();
  private Set<String> cutOff = Set.of();
  private NetServer server;
  private long opened;
  private volatile Mode mode = Mode.forward();

  private Wire(
      Vertx vertx,
      SocketAddress address,
      SocketAddress bound,
      SocketAddress target,
      UnaryOperator<String> callers) {
    this.vertx = vertx;
    // Sockets of one wire share an event loop, whatever kind of thread opens the wire.
    this.context = ((VertxInternal) vertx).createEventLoopContext();
    this.address = address;
    this.bound = bound;
    this.target = target;
    this.callers = callers;
  }

  /** Opens a wire from one address (port 0: any free one) to another. */
  public static Future<Wire> open(Vertx vertx, SocketAddress from, SocketAddress to) {
    var wire = new Wire(vertx, from, from, to, null);
    return wire.onContext(wire::listen).map(wire);
  }

  /**
   * Opens one before which something forwards the advertised address to where it is bound. What it
   * passes on comes from its own address.
   *
   * @param callers returns who has an address that a connection came from
   */
  public static Future<Wire> open(
      Vertx vertx,
      SocketAddress from,
      SocketAddress bound,
      SocketAddress to,
      UnaryOperator<String> callers) {
    var wire = new Wire(vertx, from, bound, to, callers);
    return wire.onContext(wire::listen).map(wire);
  }

  /** Where the wire begins: the advertised address. */
  public SocketAddress address() {
    return address;
  }

  /** Where the wire ends: the true address. */
  public SocketAddress target() {
    return target;
  }

  /** What the wire does now. */
  public Mode mode() {
    return mode;
  }

  /** Changes what the wire does. */
  public Future<Void> mode(Mode next) {
    return onContext(() -> change(next));
  }

  /**
   * Cuts the way for callers at these addresses alone, whatever the mode does with others: open
   * connections of theirs are reset, new ones are accepted and reset. They are crossings all the
   * same, so that a try shows. An empty set mends the way.
   */
  public Future<Void> cutOff(Set<String> sources) {
    var next = Set.copyOf(sources);
    return onContext(
        () -> {
          cutOff = next;
          for (var waiting : List.of(joining, held)) {
            var cut = waiting.stream().filter(this::isCutOff).toList();
            cut.forEach(waiting::remove);
            cut.forEach(Relay::reset);
          }
          var open = relays.stream().filter(relay -> next.contains(caller(relay.from()))).toList();
          open.forEach(relays::remove);
          open.forEach(Relay::reset);
          return Future.succeededFuture();
        });
  }

  private boolean isCutOff(NetSocket opener) {
    return cutOff.contains(caller(opener.remoteAddress().host()));
  }

  private String caller(String from) {
    return callers == null ? from : callers.apply(from);
  }

  /** Resets the connections that are open, so that their ends dial again. */
  public Future<Void> reset() {
    return onContext(
        () -> {
          resetOpen();
          return Future.succeededFuture();
        });
  }

  /** The last connections that were opened through the wire, the oldest first. */
  public Future<List<Crossing>> crossings() {
    return onContext(() -> Future.succeededFuture(List.copyOf(crossings)));
  }

  /** The number of connections that are open now. */
  public Future<Integer> open() {
    return onContext(() -> Future.succeededFuture(relays.size()));
  }

  /** Resets what is open and stops listening. */
  public Future<Void> close() {
    return onContext(
        () -> {
          resetOpen();
          clients.values().forEach(NetClient::close);
          return server == null ? Future.succeededFuture() : server.close();
        });
  }

  private Future<Void> listen() {
    server = vertx.createNetServer().connectHandler(this::accept);
    return server
        .listen(bound)
        .map(
            s -> {
              bound = SocketAddress.inetSocketAddress(s.actualPort(), bound.host());
              address = callers == null ? bound : address;
              return null;
            });
  }

  private Future<Void> change(Mode next) {
    mode = next;
    held.forEach(Relay::reset);
    held.clear();
    return switch (next) {
      case Mode.Cut(var how) ->
          switch (how) {
            case REFUSE -> {
              resetOpen();
              var listening = server;
              server = null;
              yield listening == null
                  ? Future.succeededFuture()
                  : listening.close().compose(v -> vertx.timer(SELECT_MILLIS)).mapEmpty();
            }
            case RESET -> {
              resetOpen();
              yield listening();
            }
            case BLACK_HOLE -> {
              relays.forEach(Relay::freeze);
              yield listening();
            }
          };
      case Mode.Forward _, Mode.Tap _, Mode.Intercept _, Mode.Delay _, Mode.Divert _ -> {
        // A connection that a black hole froze has lost time that its ends cannot account for.
        relays.stream().filter(Relay::frozen).toList().forEach(Relay::reset);
        yield listening();
      }
    };
  }

  private Future<Void> listening() {
    return server == null ? listen() : Future.succeededFuture();
  }

  private void resetOpen() {
    List.copyOf(joining).forEach(Relay::reset);
    joining.clear();
    List.copyOf(relays).forEach(Relay::reset);
    List.copyOf(held).forEach(Relay::reset);
    relays.clear();
    held.clear();
  }

  private void accept(NetSocket accepted) {
    var opener = (NetSocketInternal) accepted;
    // The interceptor needs the first byte untouched, to begin TLS with it.
    Relay.reading(opener, false);
    // Its end may fail before a relay listens; the failure shows as the connection's end.
    opener.exceptionHandler(e -> opener.close());
    var crossing = noted(opener);
    if (isCutOff(opener)) {
      Relay.reset(opener);
      return;
    }
    switch (mode) {
      case Mode.Forward _ -> dial(opener, this::untouched, Relay.Pacing.AT_ONCE);
      case Mode.Tap(var recording) ->
          dial(opener, recorder(recording, crossing.id()), Relay.Pacing.AT_ONCE);
      case Mode.Delay(var by) -> dial(opener, this::untouched, after(by));
      case Mode.Divert(var impostor) ->
          dial(opener, impostor, this::untouched, Relay.Pacing.AT_ONCE);
      case Mode.Intercept(var interceptor) -> {
        joining.add(opener);
        interceptor
            .intercept(opener, crossing, target)
            .onSuccess(relay -> run(opener, relay))
            .onFailure(e -> refuse(opener));
      }
      case Mode.Cut(var how) -> {
        switch (how) {
          case BLACK_HOLE -> held.add(opener);
          case REFUSE, RESET -> Relay.reset(opener);
        }
      }
    }
  }

  private void dial(NetSocketInternal opener, Relay.Filter filter, Relay.Pacing pacing) {
    dial(opener, target, filter, pacing);
  }

  private void dial(
      NetSocketInternal opener, SocketAddress to, Relay.Filter filter, Relay.Pacing pacing) {
    joining.add(opener);
    clientFrom(opener.remoteAddress().host())
        .connect(to)
        .onSuccess(end -> run(opener, new Relay(opener, (NetSocketInternal) end, filter, pacing)))
        .onFailure(e -> refuse(opener));
  }

  private void refuse(NetSocketInternal opener) {
    joining.remove(opener);
    Relay.reset(opener);
  }

  private void run(NetSocketInternal opener, Relay relay) {
    joining.remove(opener);
    if (mode instanceof Mode.Cut || isCutOff(opener)) {
      relay.reset();
      return;
    }
    relays.add(relay);
    relay.start(v -> relays.remove(relay));
    if (!opener.channelHandlerContext().channel().isActive()) {
      relay.close();
      relays.remove(relay);
    }
  }

  private ByteBuf untouched(Direction direction, ByteBuf bytes) {
    return bytes;
  }

  private static Relay.Filter recorder(Recording recording, long connection) {
    return (direction, bytes) -> {
      recording.add(connection, direction, bytes);
      return bytes;
    };
  }

  private Relay.Pacing after(Duration by) {
    return action -> {
      vertx.setTimer(Math.max(1, by.toMillis()), id -> action.handle(null));
      return false;
    };
  }

  private Crossing noted(NetSocket opener) {
    var from = opener.remoteAddress();
    var crossing =
        new Crossing(
            ++opened,
            caller(from.host()),
            from.port(),
            address.host(),
            address.port(),
            Instant.now());
    if (crossings.size() == CROSSINGS_KEPT) {
      crossings.removeFirst();
    }
    crossings.addLast(crossing);
    return crossing;
  }

  private NetClient clientFrom(String source) {
    return clients.computeIfAbsent(
        callers == null ? source : "",
        s ->
            vertx.createNetClient(
                new NetClientOptions()
                    .setLocalAddress(s.isEmpty() ? null : s)
                    .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)));
  }

  private <T> Future<T> onContext(Supplier<Future<T>> action) {
    Promise<T> promise = Promise.promise();
    Handler<Void> run =
        v -> {
          try {
            action.get().onComplete(promise);
          } catch (RuntimeException e) {
            promise.fail(e);
          }
        };
    context.runOnContext(run);
    return promise.future();
  }
}
