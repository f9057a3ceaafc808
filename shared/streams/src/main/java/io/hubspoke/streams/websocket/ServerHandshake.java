package io.hubspoke.streams.websocket;

import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.UpgradeRefusal;
import io.hubspoke.streams.upgrade.HeaderList;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.streams.upgrade.Upgraded;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.net.NetSocketInternal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The server's side of the opening handshake (RFC 6455, section 4.2). */
public final class ServerHandshake {
  static final String KEY = "Sec-WebSocket-Key";
  static final String ACCEPT = "Sec-WebSocket-Accept";
  static final String VERSION = "Sec-WebSocket-Version";
  static final String PROTOCOL = "Sec-WebSocket-Protocol";

  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private ServerHandshake() {}

  /** Returns whether a WebSocket is asked for, well or not. */
  public static boolean isRequested(HttpServerRequest request) {
    return "websocket".equalsIgnoreCase(request.getHeader("Upgrade"))
        && HeaderList.names(request.headers().getAll("Connection"), "upgrade");
  }

  /** Returns the subprotocols that the client can speak, as it prefers them. */
  static List<String> offered(HttpServerRequest request) {
    return HeaderList.of(request.headers().getAll(PROTOCOL));
  }

  /** Refuses a client that offers nothing that fits, with the code of Go's server. */
  static <T> Future<T> refuse(HttpServerRequest request, String supported) {
    return UpgradeRefusal.answer(
        request,
        403,
        "requested protocol(s) are not supported: "
            + offered(request)
            + "; supports ["
            + supported
            + "]");
  }

  /**
   * Agrees, and puts the handler where it reads and writes the connection from its first byte. What
   * is not a proper handshake is answered.
   *
   * @param subprotocol empty for none
   * @param opened called on the event loop before anything is read
   */
  static <T> Future<T> accept(
      HttpServerRequest request,
      String subprotocol,
      StreamTimeouts timeouts,
      WebSocketHandler handler,
      Function<NetSocketInternal, T> opened) {
    String key = request.getHeader(KEY);
    if (!"13".equals(request.getHeader(VERSION))) {
      request.response().putHeader(VERSION, "13");
      return UpgradeRefusal.answer(request, 400, "missing or bad WebSocket Version");
    }
    if (!request.method().equals(HttpMethod.GET)) {
      return UpgradeRefusal.answer(request, 405, "bad method");
    }
    if (key == null || !isKey(key)) {
      return UpgradeRefusal.answer(request, 400, "mismatch challenge/response: bad " + KEY);
    }
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    headers.set("Connection", "Upgrade").set("Upgrade", "websocket").set(ACCEPT, answer(key));
    if (!subprotocol.isEmpty()) {
      headers.set(PROTOCOL, subprotocol);
    }
    return UpgradeServer.accept(request, headers)
        .compose(upgraded -> install(upgraded, timeouts, handler, opened));
  }

  static <T> Future<T> install(
      Upgraded upgraded,
      StreamTimeouts timeouts,
      WebSocketHandler handler,
      Function<NetSocketInternal, T> opened) {
    Promise<T> promise = Promise.promise();
    var channel = upgraded.socket().channelHandlerContext().channel();
    channel
        .eventLoop()
        .execute(
            () -> {
              ChannelPipeline pipeline = channel.pipeline();
              if (pipeline.get("handler") == null) {
                promise.fail("the connection has ended");
                return;
              }
              long idle = timeouts.idle().toMillis();
              if (idle > 0) {
                pipeline.addBefore(
                    "handler",
                    "websocketIdle",
                    new IdleStateHandler(0, 0, idle, TimeUnit.MILLISECONDS));
              }
              pipeline.addBefore("handler", WebSocketHandler.NAME, handler);
              T made = opened.apply(upgraded.socket());
              upgraded.start();
              promise.complete(made);
            });
    return promise.future();
  }

  private static boolean isKey(String key) {
    try {
      return Base64.getDecoder().decode(key).length == 16;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Returns what a server makes of a client's key (RFC 6455, 4.2.2). */
  static String answer(String key) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return Base64.getEncoder()
          .encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.ISO_8859_1)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
