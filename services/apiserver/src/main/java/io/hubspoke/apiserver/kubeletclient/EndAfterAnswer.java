package io.hubspoke.apiserver.kubeletclient;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.Http1xClientConnection;

/**
 * Tells Vert.x of a connection's end only once it has taken the answer that came before it. By
 * itself Vert.x breaks off an answer whose server closes behind it while the reader is slow: the
 * end overtakes what the connection holds back.
 */
public final class EndAfterAnswer extends ChannelDuplexHandler {
  private int underWay;
  private boolean ended;

  private EndAfterAnswer() {}

  /** Watches a client's connection of HTTP/1.1. */
  public static void on(HttpConnection connection) {
    if (connection instanceof Http1xClientConnection http) {
      http.channel().pipeline().addBefore("handler", "end-after-answer", new EndAfterAnswer());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof LastHttpContent last) {
      underWay++;
      context.fireChannelRead(new Last(context, last));
    } else {
      context.fireChannelRead(message);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    ended = true;
    if (underWay == 0) {
      end(context);
    }
  }

  /** Who closes doesn't wait for the rest. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    end(context);
    var _ = context.close(promise);
  }

  private void taken(ChannelHandlerContext context) {
    underWay--;
    if (underWay == 0) {
      end(context);
    }
  }

  private void end(ChannelHandlerContext context) {
    if (ended) {
      ended = false;
      context.fireChannelInactive();
    }
  }

  /** The end of an answer, whose trailers are asked for when it is taken. */
  private final class Last extends DefaultLastHttpContent {
    private final ChannelHandlerContext context;
    private final HttpHeaders trailers;
    private boolean taken;

    Last(ChannelHandlerContext context, LastHttpContent last) {
      super(last.content());
      setDecoderResult(last.decoderResult());
      this.context = context;
      this.trailers = last.trailingHeaders();
    }

    @Override
    public HttpHeaders trailingHeaders() {
      if (!taken) {
        taken = true;
        context.executor().execute(() -> taken(context));
      }
      return trailers;
    }
  }
}
