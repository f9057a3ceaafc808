package io.hubspoke.streams.upgrade;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketServerExtensionHandler;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.impl.Http1xServerConnection;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Agrees to upgrades of any method. Vert.x's own {@code toNetSocket} takes GET alone, and loses
 * bytes that arrive together with the request.
 */
public final class UpgradeServer {
  private static final String DECODER = "httpDecoder";
  private static final String HANDLER = "handler";

  private UpgradeServer() {}

  /** Prepares a connection; called from the server's {@code connectionHandler}. */
  public static void install(HttpConnection connection, HttpServerOptions options) {
    install(connection, new UpgradableRequestDecoder(options));
  }

  /** Prepares a connection of HTTP/1 with this decoder in the place of Vert.x's own. */
  public static void install(HttpConnection connection, UpgradableRequestDecoder decoder) {
    if (connection instanceof ConnectionBase base
        && base.channel().pipeline().get(DECODER) != null) {
      ChannelPipeline pipeline = base.channel().pipeline();
      pipeline.replace(DECODER, DECODER, decoder);
      pipeline.addBefore(HANDLER, UpgradeGate.NAME, new UpgradeGate(decoder));
    }
  }

  /**
   * Answers 101. The response keeps headers that it has already.
   *
   * @param headers those of the answer, {@code Connection} and {@code Upgrade} among them
   * @return the connection, on its event loop; fails when the client has gone or didn't ask
   */
  public static Future<Upgraded> accept(HttpServerRequest http, MultiMap headers) {
    if (!(http.connection() instanceof Http1xServerConnection connection)
        || !UpgradeRequest.is(http)) {
      return Future.failedFuture(new IllegalStateException("not a request to upgrade"));
    }
    Promise<Upgraded> accepted = Promise.promise();
    Channel channel = connection.channel();
    Runnable take =
        () -> {
          try {
            take(http, connection, headers).onComplete(accepted);
          } catch (RuntimeException gone) {
            accepted.fail(gone);
          }
        };
    if (channel.eventLoop().inEventLoop()) {
      take.run();
    } else {
      channel.eventLoop().execute(take);
    }
    return accepted.future();
  }

  private static Future<Upgraded> take(
      HttpServerRequest http, Http1xServerConnection connection, MultiMap headers) {
    ChannelPipeline pipeline = connection.channel().pipeline();
    if (!(pipeline.get(UpgradeGate.NAME) instanceof UpgradeGate gate)
        || !connection.channel().isActive()) {
      return Future.failedFuture(new IllegalStateException("the connection has ended"));
    }
    HttpServerResponse response = http.response();
    if (response.headWritten() || response.ended()) {
      return Future.failedFuture(new IllegalStateException("already answered"));
    }
    gate.switched(pipeline.context(gate));
    // Before the head goes through it, as it removes itself then.
    var extensions = pipeline.get(WebSocketServerExtensionHandler.class);
    if (extensions != null) {
      pipeline.remove(extensions);
    }
    response.setStatusCode(101);
    headers.names().forEach(name -> response.headers().set(name, headers.getAll(name)));
    response.setChunked(true);
    var written = response.writeHead();
    Future<NetSocket> socket = connection.netSocket();
    return written.compose(
        v -> socket.map(s -> new Upgraded((NetSocketInternal) s, http.headers(), gate)));
  }
}
