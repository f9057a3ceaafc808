package io.hubspoke.streams;

import io.hubspoke.streams.spdy.SpdyProcess;
import io.hubspoke.streams.websocket.WebSocketProcess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;

/** Runs commands over a server's exec and attach, as kubectl does. */
public final class RemoteCommandClient {
  private final Vertx vertx;
  private final HttpClient http;
  private final StreamTransport transport;

  /**
   * @param http what to connect with, closed by whoever made it; its pool must allow as many
   *     connections as there are to be streams
   */
  public RemoteCommandClient(Vertx vertx, HttpClient http, StreamTransport transport) {
    this.vertx = vertx;
    this.http = http;
    this.transport = transport;
  }

  /**
   * Asks for the process and opens its streams. Fails with the server's status when it refuses.
   *
   * @param request where to, with credentials as headers; method and upgrade headers are set here
   */
  public Future<RemoteProcess> start(RequestOptions request, RemoteCommand command) {
    return switch (transport) {
      case SPDY ->
          SpdyProcess.start(
              vertx, http, request, command, StreamTimeouts.DEFAULT, UpgradeRefusal::of);
      case WEBSOCKET ->
          WebSocketProcess.start(
              vertx, http, request, command, StreamTimeouts.DEFAULT, UpgradeRefusal::of);
    };
  }
}
