package io.hubspoke.konnectivity.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Takes calls whatever authority they name, since it counts for nothing here: for a Unix socket
 * Go's gRPC names the socket's path, which Vert.x takes for malformed.
 */
final class AnyAuthority extends Http2FrameListenerDecorator {
  private static final String LOCALHOST = "localhost";

  private AnyAuthority(Http2FrameListener listener) {
    super(listener);
  }

  /** Does so on a connection that has just been accepted. */
  static void on(HttpConnection connection) {
    if (connection instanceof ConnectionBase base
        && base.channelHandlerContext().handler() instanceof Http2ConnectionHandler http2) {
      http2.decoder().frameListener(new AnyAuthority(http2.decoder().frameListener()));
    }
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext context,
      int streamId,
      Http2Headers headers,
      int streamDependency,
      short weight,
      boolean exclusive,
      int padding,
      boolean endStream)
      throws Http2Exception {
    super.onHeadersRead(
        context,
        streamId,
        replaced(headers),
        streamDependency,
        weight,
        exclusive,
        padding,
        endStream);
  }

  @Override
  public void onHeadersRead(
      ChannelHandlerContext context,
      int streamId,
      Http2Headers headers,
      int padding,
      boolean endStream)
      throws Http2Exception {
    super.onHeadersRead(context, streamId, replaced(headers), padding, endStream);
  }

  private static Http2Headers replaced(Http2Headers headers) {
    // It is not for Vert.x to judge either: at some paths its parser itself breaks.
    return headers.authority() == null ? headers : headers.authority(LOCALHOST);
  }
}
