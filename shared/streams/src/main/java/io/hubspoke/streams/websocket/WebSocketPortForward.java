package io.hubspoke.streams.websocket;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.UpgradeRefusal;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.WriteStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * Port-forward over WebSocket channels, as clients use it that don't speak SPDY: the ports are in
 * the query, each has a channel for data and one for errors, and each channel's first message is
 * the port's number, little-endian. There is one connection to each port, and no half-close.
 */
public final class WebSocketPortForward {
  private static final List<ChannelProtocol> SUPPORTED =
      List.of(ChannelProtocol.NONE, ChannelProtocol.V4, ChannelProtocol.V4_BASE64);
  private static final String PORT = "port";

  /** A channel's number is a byte, and base64's a printable one. */
  private static final int MAX_PORTS = 32;

  private final ChannelConnection connection;
  private final String pod;
  private int open;

  private WebSocketPortForward(ChannelConnection connection, String pod) {
    this.connection = connection;
    this.pod = pod;
  }

  /**
   * Upgrades, and connects to the ports that the query names. A request that can't be upgraded is
   * answered, and fails with {@link UpgradeRefusal}.
   *
   * @param pod what an error names
   * @param dial connects to a port
   * @return completes when the connection has ended
   */
  public static Future<Void> serve(
      Vertx vertx,
      HttpServerRequest request,
      String pod,
      IntFunction<Future<Duplex>> dial,
      StreamTimeouts timeouts) {
    List<Integer> ports;
    try {
      ports = ports(request);
    } catch (IllegalArgumentException e) {
      return UpgradeRefusal.answer(request, 400, e.getMessage());
    }
    var chosen = ChannelProtocol.choose(ServerHandshake.offered(request), SUPPORTED);
    if (chosen.isEmpty()) {
      return ServerHandshake.refuse(
          request,
          SUPPORTED.stream().map(ChannelProtocol::subprotocol).collect(Collectors.joining(" ")));
    }
    var connection = new ChannelConnection(vertx, false, chosen.get(), 2 * ports.size());
    return ServerHandshake.accept(
            request,
            chosen.get().subprotocol(),
            timeouts,
            connection,
            socket -> new WebSocketPortForward(connection, pod).start(ports, dial))
        .compose(v -> connection.closed().otherwiseEmpty());
  }

  /** Reads {@code port=80&port=81,82}. */
  private static List<Integer> ports(HttpServerRequest request) {
    List<String> given = request.params().getAll(PORT);
    if (given.isEmpty()) {
      throw new IllegalArgumentException("query parameter \"port\" is required");
    }
    List<Integer> ports = new ArrayList<>();
    for (String value : given) {
      if (value.isEmpty()) {
        throw new IllegalArgumentException("query parameter \"port\" cannot be empty");
      }
      for (String one : value.split(",", -1)) {
        ports.add(port(one));
      }
    }
    if (ports.size() > MAX_PORTS) {
      throw new IllegalArgumentException(
          "query parameter \"port\" names " + ports.size() + " ports; at most " + MAX_PORTS);
    }
    return ports;
  }

  private static int port(String text) {
    int port;
    try {
      port = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      port = -1;
    }
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("unable to parse \"" + text + "\" as a port");
    }
    if (port == 0) {
      throw new IllegalArgumentException("port \"" + text + "\" must be > 0");
    }
    return port;
  }

  private Void start(List<Integer> ports, IntFunction<Future<Duplex>> dial) {
    open = ports.size();
    for (int i = 0; i < ports.size(); i++) {
      int port = ports.get(i);
      int data = 2 * i;
      Pipe in = connection.incoming(data);
      byte[] number = {(byte) port, (byte) (port >> 8)};
      var _ = connection.send(data, Unpooled.wrappedBuffer(number));
      var _ = connection.send(data + 1, Unpooled.wrappedBuffer(number));
      WriteStream<Buffer> out = connection.outgoing(data);
      dial.apply(port)
          .compose(pod -> join(in, out, pod))
          .onComplete(
              ended -> {
                in.abandon();
                ended(port, data + 1, ended.cause());
              });
    }
    return null;
  }

  /** Completes when all that the pod's end said is on its way to the client; fails at a break. */
  private Future<Void> join(Pipe in, WriteStream<Buffer> out, Duplex pod) {
    if (connection.closed().isComplete()) {
      return pod.reset();
    }
    connection.closed().onComplete(v -> pod.reset().otherwiseEmpty());
    in.source().pipe().endOnFailure(false).to(pod).otherwiseEmpty();
    // Its end is told by the channel's closing alone, and that by the connection's. Clients have no
    // way to end their half: that is over when the pod's is.
    return pod.pipe()
        .endOnSuccess(false)
        .endOnFailure(false)
        .to(out)
        .eventually(() -> pod.end().otherwiseEmpty());
  }

  private void ended(int port, int errors, Throwable failure) {
    // Never at once: what other threads wrote before may still wait for its turn.
    connection.later(
        () -> {
          if (failure != null) {
            String message =
                "error forwarding port " + port + " to pod " + pod + ": " + failure.getMessage();
            var _ =
                connection.send(
                    errors, Unpooled.wrappedBuffer(message.getBytes(StandardCharsets.UTF_8)));
          }
          if (--open == 0) {
            connection.finish();
          }
        });
  }
}
