package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.logs.LogReader;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Timer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Writes no more of an answer than the reader takes, and ends when it leaves. For virtual threads,
 * which wait here.
 */
final class ResponseSink implements LogReader.Sink {
  private final Vertx vertx;
  private final HttpServerResponse response;
  private final Promise<Void> gone = Promise.promise();

  ResponseSink(Vertx vertx, HttpServerResponse response) {
    this.vertx = vertx;
    this.response = response;
    response.setWriteQueueMaxSize(64 << 10);
    response.exceptionHandler(failure -> gone.tryComplete());
    response.closeHandler(v -> gone.tryComplete());
  }

  @Override
  public boolean write(Buffer text) {
    if (closed()) {
      return false;
    }
    response.write(text).otherwiseEmpty();
    if (response.writeQueueFull()) {
      Promise<Void> drained = Promise.promise();
      response.drainHandler(v -> drained.tryComplete());
      // Drained between the question and the handler: nobody would call.
      if (!response.writeQueueFull()) {
        drained.tryComplete();
      }
      Future.any(drained.future(), gone.future()).await();
    }
    return !closed();
  }

  @Override
  public void pause(Duration time) {
    Timer timer = vertx.timer(time.toMillis(), TimeUnit.MILLISECONDS);
    Future.any(timer, gone.future()).await();
    timer.cancel();
  }

  @Override
  public boolean closed() {
    return gone.future().isComplete() || response.closed();
  }
}
