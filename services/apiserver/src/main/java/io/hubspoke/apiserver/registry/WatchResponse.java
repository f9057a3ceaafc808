package io.hubspoke.apiserver.registry;

import io.hubspoke.apiserver.http.ApiRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Streams a watch to its client: no faster than it reads, until it goes away, its time is up, or it
 * has fallen too far behind. Runs on the connection's context.
 */
final class WatchResponse {
  private static final int PIECE = 32 * 1024;

  /** Before a watch ends, so that the client resumes where it really was. */
  private static final long LAST_BOOKMARK_MILLIS = 2_000;

  private static final long BOOKMARK_MILLIS = 60_000;

  private final Vertx vertx;
  private final Context context;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Rendering rendering;
  private final WatchTurns turns;
  private final boolean bookmarks;
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final Promise<Void> done = Promise.promise();
  private Watcher watcher;
  private long timeoutTimer = -1;
  private long bookmarkTimer = -1;
  private boolean draining;
  private boolean timedOut;

  WatchResponse(ApiRequest request, Rendering rendering, boolean bookmarks, WatchTurns turns) {
    this.turns = turns;
    this.vertx = request.context().owner();
    this.context = request.context();
    this.request = request.http();
    this.response = request.http().response();
    this.rendering = rendering;
    this.bookmarks = bookmarks;
  }

  /** Asks for events to be sent; called on any thread. */
  void wake() {
    if (scheduled.compareAndSet(false, true)) {
      turns.await(context, this::send);
    }
  }

  /** Streams until the watch ends; the future completes when everything is released. */
  Future<Void> stream(Watcher source, long timeoutMillis) {
    if (response.closed()) {
      source.close();
      return Future.succeededFuture();
    }
    watcher = source;
    response.closeHandler(v -> finish());
    response.exceptionHandler(v -> finish());
    timeoutTimer = vertx.setTimer(timeoutMillis, id -> timeOut());
    if (bookmarks) {
      bookmarkLater(timeoutMillis);
    }
    response.setChunked(true).putHeader("Content-Type", rendering.watchContentType());
    // The client waits for the head to know that its watch has begun.
    response.writeHead();
    wake();
    return done.future();
  }

  private void bookmarkLater(long remainingMillis) {
    long untilLast = Math.max(1, remainingMillis - LAST_BOOKMARK_MILLIS);
    long delay = Math.min(BOOKMARK_MILLIS, untilLast);
    bookmarkTimer =
        vertx.setTimer(
            delay,
            id -> {
              watcher.bookmark();
              if (delay < untilLast) {
                bookmarkLater(remainingMillis - delay);
              }
            });
  }

  private void timeOut() {
    timedOut = true;
    watcher.end(null);
  }

  private void send() {
    scheduled.set(false);
    if (watcher == null || done.future().isComplete()) {
      return;
    }
    if (draining) {
      cutOffIfOver();
      return;
    }
    while (!response.writeQueueFull()) {
      // Before polling: what is queued after it is asked is found by the next call.
      Watcher.State state = watcher.state();
      Buffer piece = nextPiece();
      if (piece != null) {
        response.write(piece);
      } else if (state == Watcher.State.OPEN) {
        return;
      } else {
        end(state);
        return;
      }
    }
    draining = true;
    response.drainHandler(
        v -> {
          draining = false;
          send();
        });
    cutOffIfOver();
  }

  /** Ends a watch that is over although its client doesn't read, so that a proper end is stuck. */
  private void cutOffIfOver() {
    if (timedOut || watcher.state() == Watcher.State.OVERRUN) {
      end(Watcher.State.OVERRUN);
    }
  }

  /** Puts waiting events together, for many small writes cost more than one. */
  private Buffer nextPiece() {
    Buffer piece = null;
    boolean own = false;
    for (WatchEvent event = watcher.poll(); event != null; event = watcher.poll()) {
      Buffer line = rendering.event(event);
      if (piece == null) {
        piece = line;
      } else {
        piece = own ? piece : piece.copy();
        own = true;
        piece.appendBuffer(line);
      }
      if (piece.length() >= PIECE) {
        break;
      }
    }
    return piece;
  }

  private void end(Watcher.State state) {
    if (state == Watcher.State.OVERRUN) {
      StuckClient.cutOff(request);
    } else if (!response.ended()) {
      response.end();
    }
    finish();
  }

  private void finish() {
    if (timeoutTimer >= 0) {
      vertx.cancelTimer(timeoutTimer);
    }
    if (bookmarkTimer >= 0) {
      vertx.cancelTimer(bookmarkTimer);
    }
    watcher.close();
    done.tryComplete();
  }
}
