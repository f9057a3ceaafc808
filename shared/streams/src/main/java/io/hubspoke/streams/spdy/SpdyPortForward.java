package io.hubspoke.streams.spdy;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.net.NetSocketInternal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The server's end of a port-forward over SPDY. For each connection the client opens two streams
 * with the same {@code requestID}: one for data, one for what went wrong.
 */
public final class SpdyPortForward {
  static final String PROTOCOL = "portforward.k8s.io";
  static final String STREAM_TYPE = "streamtype";
  static final String PORT = "port";
  static final String REQUEST_ID = "requestid";
  static final String DATA = "data";
  static final String ERROR = "error";

  private final Vertx vertx;
  private final String pod;
  private final IntFunction<Future<Duplex>> dial;
  private final StreamTimeouts timeouts;
  private final Map<String, Pair> incomplete = new HashMap<>();
  private final SpdyConnection connection;

  private SpdyPortForward(
      Vertx vertx,
      NetSocketInternal socket,
      String pod,
      IntFunction<Future<Duplex>> dial,
      StreamTimeouts timeouts) {
    this.vertx = vertx;
    this.pod = pod;
    this.dial = dial;
    this.timeouts = timeouts;
    this.connection =
        SpdyConnection.over(vertx, socket, Role.SERVER, SpdyLimits.DEFAULT, this::accept);
    connection.closeWhenIdle(timeouts.idle());
    // One listener for all pairs: each stays as long as the connection does.
    connection
        .closed()
        .onComplete(v -> incomplete.values().forEach(pair -> vertx.cancelTimer(pair.timer)));
  }

  /**
   * Agrees on the protocol, upgrades, and serves connections to the pod's ports. A request that
   * can't be upgraded is answered, and fails with {@link io.hubspoke.streams.UpgradeRefusal}.
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
    return SpdyHandshake.accept(
            request,
            List.of(PROTOCOL),
            (socket, agreed) -> new SpdyPortForward(vertx, socket, pod, dial, timeouts))
        .compose(served -> served.connection.closed());
  }

  /**
   * Serves a connection that has left HTTP already, as one tunnelled through a WebSocket.
   *
   * @param socket on its event loop, before anything is read
   * @return completes when the connection has ended
   */
  public static Future<Void> serve(
      Vertx vertx,
      NetSocketInternal socket,
      String pod,
      IntFunction<Future<Duplex>> dial,
      StreamTimeouts timeouts) {
    return new SpdyPortForward(vertx, socket, pod, dial, timeouts).connection.closed();
  }

  private void accept(SpdyStream stream) {
    String type = stream.header(STREAM_TYPE);
    int port = port(stream.header(PORT));
    if (port < 0 || !(DATA.equals(type) || ERROR.equals(type))) {
      var _ = stream.reset();
      return;
    }
    stream.accept();
    String id = requestId(stream, type);
    Pair pair = incomplete.computeIfAbsent(id, this::begin);
    if (pair.add(stream, type)) {
      incomplete.remove(id);
      vertx.cancelTimer(pair.timer);
      forward(pair, port);
    }
  }

  private static int port(String text) {
    try {
      int port = text == null ? -1 : Integer.parseInt(text);
      return port >= 1 && port <= 65535 ? port : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** Pairs streams of old clients that name no request: the data stream is the next one opened. */
  private static String requestId(SpdyStream stream, String type) {
    String id = stream.header(REQUEST_ID);
    return id != null && !id.isEmpty()
        ? id
        : Integer.toString(type.equals(ERROR) ? stream.id() : stream.id() - 2);
  }

  private Pair begin(String id) {
    Pair pair = new Pair(id);
    pair.timer =
        vertx.setTimer(
            timeouts.creation().toMillis(),
            timer -> {
              if (incomplete.remove(id, pair)) {
                pair.giveUp("(request=" + id + ") timed out waiting for streams");
              }
            });
    return pair;
  }

  private void forward(Pair pair, int port) {
    dial.apply(port)
        .onSuccess(to -> join(pair, to))
        .onFailure(
            failure -> {
              pair.tell(
                  "error forwarding port " + port + " to pod " + pod + ": " + failure.getMessage());
              pair.data.end().otherwiseEmpty();
              var _ = pair.data.reset();
            });
  }

  private static void join(Pair pair, Duplex to) {
    var _ = DuplexJoin.move(pair.data, to);
    // Clients wait for the end of errors before they close what they forward, and regard any error
    // as the end of all connections: one that was made and broke later is told by its end alone.
    DuplexJoin.move(to, pair.data).onComplete(v -> pair.tellNothing());
  }

  /** The two streams of one connection, on the connection's event loop. */
  private static final class Pair {
    private final String id;
    private long timer;
    private SpdyStream data;
    private SpdyStream errors;

    Pair(String id) {
      this.id = id;
    }

    /** Returns whether it is complete. */
    boolean add(SpdyStream stream, String type) {
      boolean isData = type.equals(DATA);
      if ((isData ? data : errors) != null) {
        tell(
            "error processing stream for request " + id + ": " + type + " stream already assigned");
        var _ = stream.reset();
        return false;
      }
      if (isData) {
        data = stream;
      } else {
        errors = stream;
        // Clients write nothing to it.
        stream.handler(bytes -> {}).resume();
      }
      return data != null && errors != null;
    }

    void giveUp(String why) {
      tell(why);
      if (data != null) {
        var _ = data.reset();
      }
    }

    void tell(String message) {
      if (errors != null) {
        errors.end(Buffer.buffer(message)).otherwiseEmpty();
      }
    }

    void tellNothing() {
      errors.end().otherwiseEmpty();
    }
  }
}
