package io.hubspoke.tunnel.konnectivity;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2LifecycleManager;
import io.netty.handler.codec.http2.Http2Stream;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Lets both ends of a client's HTTP/2 connection break off as many streams as they like. Vert.x
 * leaves Netty in the belief that it is a server facing strangers, which closes a connection after
 * 200 such frames in 30 seconds: here each is one of many tunnelled connections, and the server is
 * the one that was dialled and verified.
 */
final class ResetAllowance implements Http2LifecycleManager {
  private final Http2LifecycleManager handler;
  private boolean refused;

  private ResetAllowance(Http2LifecycleManager handler) {
    this.handler = handler;
  }

  /**
   * Lifts the limits of a connection and minds its errors; called on its event loop.
   *
   * @param errors is told of what goes wrong with the connection as a whole
   */
  static void grant(HttpClientConnection connection, Handler<Throwable> errors) {
    // What is handed out wraps the connection itself, which answers here.
    HttpConnection actual = connection.exceptionHandler(errors);
    if (actual instanceof ConnectionBase base
        && base.channelHandlerContext().handler() instanceof Http2ConnectionHandler http2) {
      var context = base.channelHandlerContext();
      forReceived(http2.decoder());
      var allowance = new ResetAllowance(http2);
      http2.encoder().lifecycleManager(allowance);
      context.pipeline().addBefore(context.name(), "resetAllowance", allowance.new Closing());
    }
  }

  /** Who listens anew is counted for anew. */
  private static void forReceived(Http2ConnectionDecoder decoder) {
    Http2FrameListener listener = decoder.frameListener();
    decoder.frameListener(
        new Http2FrameListenerDecorator(listener) {
          @Override
          public void onRstStreamRead(ChannelHandlerContext context, int stream, long error)
              throws Http2Exception {
            super.onRstStreamRead(context, stream, error);
            decoder.frameListener(this);
          }
        });
  }

  /** Those that are sent have their limit told here, whereupon the connection is closed. */
  @Override
  public void onError(ChannelHandlerContext context, boolean outbound, Throwable cause) {
    if (outbound
        && cause instanceof Http2Exception error
        && error.error() == Http2Error.ENHANCE_YOUR_CALM
        && String.valueOf(error.getMessage()).contains("RST frames")) {
      refused = true;
    } else {
      handler.onError(context, outbound, cause);
    }
  }

  @Override
  public void closeStreamLocal(Http2Stream stream, ChannelFuture future) {
    handler.closeStreamLocal(stream, future);
  }

  @Override
  public void closeStreamRemote(Http2Stream stream, ChannelFuture future) {
    handler.closeStreamRemote(stream, future);
  }

  @Override
  public void closeStream(Http2Stream stream, ChannelFuture future) {
    handler.closeStream(stream, future);
  }

  @Override
  public ChannelFuture resetStream(
      ChannelHandlerContext context, int stream, long error, ChannelPromise promise) {
    return handler.resetStream(context, stream, error, promise);
  }

  @Override
  public ChannelFuture goAway(
      ChannelHandlerContext context,
      int lastStream,
      long error,
      ByteBuf debugData,
      ChannelPromise promise) {
    return handler.goAway(context, lastStream, error, debugData, promise);
  }

  /** Does not close the connection because of it. */
  private final class Closing extends ChannelOutboundHandlerAdapter {
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) throws Exception {
      if (refused) {
        refused = false;
        promise.setSuccess();
      } else {
        super.close(context, promise);
      }
    }
  }
}
