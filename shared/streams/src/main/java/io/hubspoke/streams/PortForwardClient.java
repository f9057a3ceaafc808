package io.hubspoke.streams;

import io.hubspoke.streams.spdy.SpdyPortForwardConnection;
import io.hubspoke.streams.websocket.WebSocketTunnel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;

/** Reaches a pod's ports over a server's port-forward, as kubectl does. */
public final class PortForwardClient {
  private final Vertx vertx;
  private final HttpClient http;
  private final StreamTransport transport;

  /**
   * @param http what to connect with, closed by whoever made it; its pool must allow as many
   *     connections as there are to be port-forwards
   */
  public PortForwardClient(Vertx vertx, HttpClient http, StreamTransport transport) {
    this.vertx = vertx;
    this.http = http;
    this.transport = transport;
  }

  /**
   * Connects to the pod. Fails with the server's status when it refuses.
   *
   * @param request where to, with credentials as headers; method and upgrade headers are set here
   */
  public Future<PortForwardConnection> connect(RequestOptions request) {
    return switch (transport) {
      case SPDY ->
          SpdyPortForwardConnection.connect(
              vertx, http, request, StreamTimeouts.DEFAULT, UpgradeRefusal::of);
      case WEBSOCKET ->
          WebSocketTunnel.connect(
              http,
              request,
              StreamTimeouts.DEFAULT,
              UpgradeRefusal::of,
              socket -> SpdyPortForwardConnection.over(vertx, socket));
    };
  }
}
