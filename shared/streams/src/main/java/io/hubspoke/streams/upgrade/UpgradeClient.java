package io.hubspoke.streams.upgrade;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.impl.Http1xClientConnection;
import io.vertx.core.internal.net.NetSocketInternal;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks a server to leave HTTP, by any method. Vert.x's own {@code connect} takes GET alone, and the
 * socket it gives can't carry Netty handlers.
 */
public final class UpgradeClient {
  private static final String NAME = "upgradeAnswer";
  private static final String HANDLER = "handler";
  private static final String CODEC = "codec";

  private UpgradeClient() {}

  /**
   * Sends a request to upgrade, and takes the connection out of its client's pool when the server
   * agrees.
   *
   * @param request not sent yet, of HTTP/1.1, with its {@code Upgrade} header and no body; it must
   *     have no idle time-out, as that would end the upgraded connection
   * @param timeout how long the server may take to answer
   * @return fails when the connection breaks, or with a {@link TimeoutException}
   */
  public static Future<UpgradeAnswer> upgrade(HttpClientRequest request, Duration timeout) {
    if (!(request.connection() instanceof Http1xClientConnection connection)) {
      request.reset();
      return Future.failedFuture(new IllegalStateException("only HTTP/1.1 can be upgraded"));
    }
    Promise<UpgradeAnswer> answer = Promise.promise();
    Channel channel = connection.channel();
    Runnable send = () -> send(request, connection, timeout, answer);
    if (channel.eventLoop().inEventLoop()) {
      send.run();
    } else {
      channel.eventLoop().execute(send);
    }
    return answer.future();
  }

  private static void send(
      HttpClientRequest request,
      Http1xClientConnection connection,
      Duration timeout,
      Promise<UpgradeAnswer> answer) {
    ChannelPipeline pipeline = connection.channel().pipeline();
    if (pipeline.get(HANDLER) == null) {
      answer.tryFail("the connection has ended");
      return;
    }
    pipeline.addBefore(HANDLER, NAME, new Answer(connection, answer));
    var timer =
        connection
            .channel()
            .eventLoop()
            .schedule(
                () -> {
                  if (answer.tryFail(new TimeoutException("no answer within " + timeout))) {
                    request.reset();
                  }
                },
                timeout.toMillis(),
                TimeUnit.MILLISECONDS);
    answer.future().onComplete(done -> timer.cancel(false));
    // Whoever waits for the answer is told of a connection that breaks.
    request.exceptionHandler(broken -> answer.tryFail(broken));
    request.putHeader("Connection", "Upgrade");
    if (!request.getMethod().equals(HttpMethod.GET)) {
      request.putHeader("Content-Length", "0");
    }
    request
        .send()
        .onSuccess(
            response -> {
              response.pause();
              if (!answer.tryComplete(new UpgradeAnswer.Refused(response))) {
                request.reset();
              }
            })
        .onFailure(answer::tryFail);
  }

  /** Waits at the connection for the answer, and takes the connection over when it is 101. */
  private static final class Answer extends ChannelInboundHandlerAdapter {
    private final Http1xClientConnection connection;
    private final Promise<UpgradeAnswer> answer;

    Answer(Http1xClientConnection connection, Promise<UpgradeAnswer> answer) {
      this.connection = connection;
      this.answer = answer;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (!(message instanceof HttpResponse response)
          || !response.decoderResult().isSuccess()
          || (response.status().codeClass() == HttpStatusClass.INFORMATIONAL
              && response.status().code() != 101)) {
        ctx.fireChannelRead(message);
        return;
      }
      if (response.status().code() != 101) {
        ctx.fireChannelRead(message);
        ctx.pipeline().remove(this);
        return;
      }
      MultiMap headers = MultiMap.caseInsensitiveMultiMap();
      response.headers().forEach(header -> headers.add(header.getKey(), header.getValue()));
      UpgradeGate gate = new UpgradeGate(null);
      ChannelPipeline pipeline = ctx.pipeline();
      NetSocketInternal socket = connection.toNetSocket();
      pipeline.addBefore(HANDLER, UpgradeGate.NAME, gate);
      gate.switched(pipeline.context(gate));
      ChannelHandler inflater = pipeline.get(HttpContentDecompressor.class);
      if (inflater != null) {
        pipeline.remove(inflater);
      }
      // What it has read and not decoded goes to the gate.
      pipeline.remove(CODEC);
      if (!answer.tryComplete(new Upgraded(socket, headers, gate))) {
        var unused = ctx.close();
      }
      pipeline.remove(this);
    }
  }
}
