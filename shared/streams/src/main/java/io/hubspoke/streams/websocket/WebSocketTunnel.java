package io.hubspoke.streams.websocket;

import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.function.Function;

/**
 * Carries SPDY in a WebSocket's binary messages: to handlers after it in the pipeline the
 * connection is one of plain bytes.
 */
public final class WebSocketTunnel extends WebSocketHandler {
  /** What a subprotocol's name begins with that is tunnelled. */
  public static final String PREFIX = "SPDY/3.1+";

  /** The one there is. */
  public static final String PORT_FORWARD = PREFIX + "portforward.k8s.io";

  WebSocketTunnel(boolean client) {
    super(client);
  }

  /** Returns whether the client can speak to a port-forward through a tunnel. */
  public static boolean isOffered(HttpServerRequest request) {
    return ServerHandshake.isRequested(request)
        && ServerHandshake.offered(request).stream().anyMatch(p -> p.startsWith(PREFIX));
  }

  /**
   * Upgrades a request for a port-forward. One that can't be upgraded is answered, and fails with
   * {@link io.hubspoke.streams.UpgradeRefusal}.
   *
   * @param opened takes the connection over, on its event loop before anything is read; handlers of
   *     its own go before the pipeline's {@code handler}
   */
  public static <T> Future<T> accept(
      HttpServerRequest request, StreamTimeouts timeouts, Function<NetSocketInternal, T> opened) {
    List<String> offered = ServerHandshake.offered(request);
    return offered.contains(PORT_FORWARD)
        ? ServerHandshake.accept(
            request, PORT_FORWARD, timeouts, new WebSocketTunnel(false), opened)
        : ServerHandshake.refuse(request, PORT_FORWARD);
  }

  /**
   * Asks a server for a port-forward.
   *
   * @param refused makes the failure of what the server answered instead
   * @param opened takes the connection over, as at {@link #accept}
   */
  public static <T> Future<T> connect(
      HttpClient http,
      RequestOptions request,
      StreamTimeouts timeouts,
      Function<UpgradeAnswer.Refused, Future<T>> refused,
      Function<NetSocketInternal, T> opened) {
    return ClientHandshake.connect(
        http, request, PORT_FORWARD, timeouts, new WebSocketTunnel(true), refused, opened);
  }

  @Override
  public void data(boolean first, boolean last, ByteBuf payload) {
    if (payload.isReadable()) {
      context().fireChannelRead(payload);
    } else {
      payload.release();
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (!(message instanceof ByteBuf bytes) || !bytes.isReadable()) {
      var _ = context.write(message, promise);
      return;
    }
    if (isClosing()) {
      bytes.release();
      promise.tryFailure(new ClosedChannelException());
    } else {
      var _ = frame(FrameReader.BINARY, NO_PREFIX, bytes, promise);
    }
  }

  @Override
  void closed(int code, String reason) {
    // The connection's end says the same to those after this handler.
  }
}
