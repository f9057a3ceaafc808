package io.hubspoke.streams;

import io.hubspoke.streams.spdy.SpdyHandshake;
import io.hubspoke.streams.spdy.SpdyPortForward;
import io.hubspoke.streams.websocket.ServerHandshake;
import io.hubspoke.streams.websocket.WebSocketPortForward;
import io.hubspoke.streams.websocket.WebSocketTunnel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.IntFunction;

/** Serves port-forward to clients of either transport. */
public final class PortForwardServer {
  private final Vertx vertx;
  private final StreamTimeouts timeouts;

  public PortForwardServer(Vertx vertx, StreamTimeouts timeouts) {
    this.vertx = vertx;
    this.timeouts = timeouts;
  }

  /**
   * Upgrades the request and joins each pair of streams that the client opens with a connection to
   * the port it asks for. A request that can't be upgraded is answered.
   *
   * @param request paused, when anything was awaited since it came
   * @param pod what an error names: {@code name, uid ...}
   * @param dial connects to a port from 1 to 65535; called on an event loop. A failure reaches the
   *     client as {@code error forwarding port N to pod ...: } and its message
   * @return completes when the connection has ended; fails when the request was refused
   */
  public Future<Void> serve(
      HttpServerRequest request, String pod, IntFunction<Future<Duplex>> dial) {
    if (WebSocketTunnel.isOffered(request)) {
      return WebSocketTunnel.accept(
              request,
              timeouts,
              socket -> SpdyPortForward.serve(vertx, socket, pod, dial, timeouts))
          .compose(served -> served);
    }
    if (ServerHandshake.isRequested(request)) {
      return WebSocketPortForward.serve(vertx, request, pod, dial, timeouts);
    }
    if (SpdyHandshake.isRequested(request)) {
      return SpdyPortForward.serve(vertx, request, pod, dial, timeouts);
    }
    return UpgradeRefusal.answer(
        request, 400, "unable to upgrade: missing upgrade headers in request");
  }
}
