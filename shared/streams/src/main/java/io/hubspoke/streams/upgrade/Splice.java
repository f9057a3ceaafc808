package io.hubspoke.streams.upgrade;

import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;

/**
 * Joins two connections: what one sends the other gets, unread and uncopied. A side that doesn't
 * read holds the other one back at a bounded buffer, and what was sent before an end arrives before
 * that end.
 */
public final class Splice {
  private static final WriteBufferWaterMark BUFFERED =
      new WriteBufferWaterMark(128 * 1024, 512 * 1024);

  /** How long an end may stand still once the other one has said its last. */
  private static final Duration LONGEST_STANDSTILL = Duration.ofMinutes(1);

  private Splice() {}

  /** Joins them and starts both; completes when both have ended. */
  public static Future<Void> join(Upgraded one, Upgraded other) {
    return join(
        one.channel(),
        other.channel(),
        LONGEST_STANDSTILL,
        () -> {
          one.start();
          other.start();
        });
  }

  /**
   * Joins two connections of which nothing has been read, and begins to read; completes when both
   * have ended.
   *
   * @param standstill how long a connection of which one way has ended may stand still
   */
  public static Future<Void> join(Channel one, Channel other, Duration standstill) {
    return join(
        one,
        other,
        standstill,
        () -> {
          one.config().setAutoRead(true);
          other.config().setAutoRead(true);
        });
  }

  private static Future<Void> join(
      Channel one, Channel other, Duration standstill, Runnable start) {
    SplicedEnd first = new SplicedEnd(standstill);
    SplicedEnd second = new SplicedEnd(standstill);
    first.joinTo(second);
    second.joinTo(first);
    Future<Void> ready = Future.all(install(one, first), install(other, second)).mapEmpty();
    ready.onComplete(
        installed -> {
          if (installed.succeeded()) {
            start.run();
            first.begin();
            second.begin();
          } else {
            var unused = List.of(one.close(), other.close());
          }
        });
    return Future.join(ended(one), ended(other)).mapEmpty();
  }

  private static Future<Void> install(Channel channel, SplicedEnd end) {
    Promise<Void> done = Promise.promise();
    Runnable add =
        () -> {
          if (!channel.isActive()) {
            done.fail("the connection has ended");
            return;
          }
          channel.config().setWriteBufferWaterMark(BUFFERED);
          if (channel.pipeline().context("handler") == null) {
            channel.pipeline().addLast("splice", end);
          } else {
            channel.pipeline().addBefore("handler", "splice", end);
          }
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
