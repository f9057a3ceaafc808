package io.hubspoke.apiserver.registry;

import io.hubspoke.apiserver.http.ApiRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.ServerWebSocket;

/**
 * Streams a watch over a WebSocket, an event a message, as the real apiserver does for clients that
 * ask to upgrade. Runs on the connection's context.
 */
final class WatchSocket {
  private final ApiRequest request;
  private final Context context;
  private final Rendering rendering;
  private final Promise<Void> done = Promise.promise();
  private ServerWebSocket socket;
  private Watcher watcher;
  private long timer = -1;

  WatchSocket(ApiRequest request, Rendering rendering) {
    this.request = request;
    this.context = request.context();
    this.rendering = rendering;
  }

  /** Returns whether the client asks for a WebSocket. */
  static boolean isWanted(HttpServerRequest http) {
    return http.version() == HttpVersion.HTTP_1_1
        && "websocket".equalsIgnoreCase(http.getHeader("Upgrade"));
  }

  /** Asks for events to be sent; called on any thread. */
  void wake() {
    context.runOnContext(v -> send());
  }

  /** Upgrades, and streams until the watch or the connection ends. */
  Future<Void> stream(Watcher source, long timeoutMillis) {
    watcher = source;
    return request
        .http()
        .toWebSocket()
        .onFailure(e -> source.close())
        .compose(
            open -> {
              socket = open;
              open.closeHandler(v -> finish());
              open.exceptionHandler(e -> finish());
              open.drainHandler(v -> send());
              timer = context.owner().setTimer(timeoutMillis, id -> source.end(null));
              send();
              return done.future();
            });
  }

  private void send() {
    if (socket == null || done.future().isComplete()) {
      return;
    }
    while (!socket.writeQueueFull()) {
      // Before polling: what is queued after it is asked is found by the next call.
      Watcher.State state = watcher.state();
      WatchEvent event = watcher.poll();
      if (event != null) {
        // A message that can't be sent ends the socket, which tells.
        var unused = socket.writeTextMessage(rendering.event(event).toString());
      } else if (state == Watcher.State.OPEN) {
        return;
      } else {
        var unused = socket.close();
        finish();
        return;
      }
    }
    if (watcher.state() != Watcher.State.OPEN) {
      // It is over, and its client doesn't read: a proper end would be stuck.
      StuckClient.cutOff(request.http());
      finish();
    }
  }

  private void finish() {
    context.owner().cancelTimer(timer);
    watcher.close();
    done.tryComplete();
  }
}
