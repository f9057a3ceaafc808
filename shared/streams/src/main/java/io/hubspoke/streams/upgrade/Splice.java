package io.hubspoke.streams.upgrade;

import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.List;

/**
 * Joins two upgraded connections: what one sends the other gets, unread and uncopied. A side that
 * doesn't read holds the other one back at a bounded buffer, and what was sent before an end
 * arrives before that end.
 */
public final class Splice {
  private static final WriteBufferWaterMark BUFFERED =
      new WriteBufferWaterMark(128 * 1024, 512 * 1024);

  private Splice() {}

  /** Joins them and starts both; completes when both have ended. */
  public static Future<Void> join(Upgraded one, Upgraded other) {
    SplicedEnd first = new SplicedEnd();
    SplicedEnd second = new SplicedEnd();
    first.joinTo(second);
    second.joinTo(first);
    Future<Void> ready = Future.all(install(one, first), install(other, second)).mapEmpty();
    ready.onComplete(
        installed -> {
          if (installed.succeeded()) {
            one.start();
            other.start();
            first.check();
            second.check();
          } else {
            var unused = List.of(one.channel().close(), other.channel().close());
          }
        });
    return Future.join(ended(one.channel()), ended(other.channel())).mapEmpty();
  }

  private static Future<Void> install(Upgraded connection, SplicedEnd end) {
    Promise<Void> done = Promise.promise();
    Channel channel = connection.channel();
    Runnable add =
        () -> {
          if (!channel.isActive()) {
            done.fail("the connection has ended");
            return;
          }
          channel.config().setWriteBufferWaterMark(BUFFERED);
          channel.pipeline().addBefore("handler", "splice", end);
          done.complete();
        };
    if (channel.eventLoop().inEventLoop()) {
      add.run();
    } else {
      channel.eventLoop().execute(add);
    }
    return done.future();
  }

  private static Future<Void> ended(Channel channel) {
    Promise<Void> ended = Promise.promise();
    channel.closeFuture().addListener(closed -> ended.complete());
    return ended.future();
  }
}
