package io.hubspoke.streams;

import io.hubspoke.streams.spdy.SpdyHandshake;
import io.hubspoke.streams.spdy.SpdyRemoteCommand;
import io.hubspoke.streams.websocket.ServerHandshake;
import io.hubspoke.streams.websocket.WebSocketRemoteCommand;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Supplier;

/** Serves exec and attach to clients of either transport. */
public final class RemoteCommandServer {
  private final Vertx vertx;
  private final StreamTimeouts timeouts;

  public RemoteCommandServer(Vertx vertx, StreamTimeouts timeouts) {
    this.vertx = vertx;
    this.timeouts = timeouts;
  }

  /**
   * Upgrades the request, waits for the client's streams, starts the process, and moves bytes until
   * it has ended and the client has been told how. A request that can't be upgraded is answered.
   *
   * @param request paused, when anything was awaited since it came
   * @param start called on an event loop; a failure reaches the client as {@code error executing
   *     command in container: ...}
   * @return completes when the connection has ended; fails when the request was refused
   */
  public Future<Void> serve(
      HttpServerRequest request, RemoteCommand command, Supplier<Future<RemoteProcess>> start) {
    if (ServerHandshake.isRequested(request)) {
      return WebSocketRemoteCommand.accept(vertx, request, command, timeouts)
          .compose(channels -> RemoteCommandSession.run(channels, start));
    }
    if (SpdyHandshake.isRequested(request)) {
      return SpdyRemoteCommand.accept(vertx, request, command, timeouts)
          .compose(channels -> RemoteCommandSession.run(channels, start));
    }
    return UpgradeRefusal.answer(
        request, 400, "unable to upgrade: missing upgrade headers in request");
  }
}
