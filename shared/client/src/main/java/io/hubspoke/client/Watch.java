package io.hubspoke.client;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * An open watch. Hands events over in batches and reads on only once a batch is done with, so that
 * a slow listener holds the server back instead of filling memory.
 */
public final class Watch<T> {
  /** An object may have 1.5 MiB in etcd, and escapes in JSON add to that. */
  private static final int MAX_LINE = 8 << 20;

  private final HttpClientResponse response;
  private final Transport transport;
  private final Class<T> type;
  private final Function<List<WatchEvent<T>>, Future<Void>> listener;
  private final LineSplitter lines = new LineSplitter(MAX_LINE);
  private final Promise<Void> ended = Promise.promise();
  private volatile boolean moved;

  Watch(
      HttpClientResponse response,
      Transport transport,
      Class<T> type,
      Function<List<WatchEvent<T>>, Future<Void>> listener) {
    this.response = response;
    this.transport = transport;
    this.type = type;
    this.listener = listener;
  }

  /** Begins to read; called on the transport's loop while the response is paused. */
  void begin() {
    transport.watching(this);
    response.exceptionHandler(ended::tryFail);
    response.endHandler(v -> ended.tryComplete());
    response.handler(this::chunk);
    response.resume();
  }

  /** Completes when the server ends the watch, fails when it breaks. */
  public Future<Void> ended() {
    return ended.future();
  }

  /** Ends the watch since its connection is replaced: the server is there for the next one. */
  void move() {
    moved = true;
    close();
  }

  /** Returns whether it was ended for that reason. */
  boolean moved() {
    return moved;
  }

  /** Ends the watch. */
  public void close() {
    ended.tryComplete();
    transport.loop().runOnContext(v -> response.request().reset());
  }

  private void chunk(Buffer chunk) {
    List<WatchEvent<T>> events = new ArrayList<>();
    try {
      for (byte[] line : lines.feed(chunk)) {
        events.add(WatchEvent.parse(line, type));
      }
    } catch (IOException | RuntimeException e) {
      fail(e);
      return;
    }
    if (events.isEmpty() || ended.future().isComplete()) {
      return;
    }
    response.pause();
    Future<Void> taken;
    try {
      taken = listener.apply(events);
    } catch (RuntimeException e) {
      taken = Future.failedFuture(e);
    }
    taken.onComplete(
        done ->
            transport
                .loop()
                .runOnContext(
                    v -> {
                      if (done.failed()) {
                        fail(done.cause());
                      } else {
                        response.resume();
                      }
                    }));
  }

  private void fail(Throwable cause) {
    ended.tryFail(cause);
    response.request().reset();
  }
}
