package io.hubspoke.kubelet;

import io.hubspoke.kubelet.logs.LogOptions;
import io.hubspoke.kubelet.logs.LogReader;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Timer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Serves {@code /containerLogs/{namespace}/{pod}/{container}}. */
final class ContainerLogs {
  private final Vertx vertx;
  private final Pods pods;

  ContainerLogs(Vertx vertx, Pods pods) {
    this.vertx = vertx;
    this.pods = pods;
  }

  /** Answers a request; returns the status code once the last byte was handed over. */
  int serve(HttpServerRequest request, String target) {
    String[] parts = target.split("/", -1);
    if (parts.length != 3) {
      return refuse(request, 404, "404 page not found\n");
    }
    LogOptions options;
    try {
      options = LogOptions.parse(request.params(), Instant.now());
    } catch (LogOptions.UndecodableException e) {
      return refuse(request, 400, "{\"message\": \"Unable to decode query.\"}");
    } catch (LogOptions.InvalidException e) {
      return refuse(request, 422, "{\"message\": \"Invalid request.\"}");
    }
    PodLogs.Source source;
    try {
      source = pods.logs(parts[0], parts[1], parts[2], options.previous());
    } catch (PodLogs.NotFoundException e) {
      return refuse(request, 404, e.getMessage());
    } catch (PodLogs.NotAvailableException e) {
      return refuse(request, 400, e.getMessage());
    }
    HttpServerResponse response = request.response().setChunked(true);
    response.putHeader("Content-Type", "text/plain; charset=utf-8");
    // The head at once: a follower of a container that says nothing yet must see its answer.
    response.writeHead().otherwiseEmpty();
    BackPressure sink = new BackPressure(vertx, response);
    try {
      new LogReader(source.file(), options, sink).read(source.running());
    } catch (IOException e) {
      response.reset();
      return 500;
    }
    if (!sink.closed()) {
      response.end().otherwiseEmpty();
    }
    return 200;
  }

  private static int refuse(HttpServerRequest request, int code, String message) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "text/plain; charset=utf-8")
        .end(Buffer.buffer(message.getBytes(StandardCharsets.UTF_8)));
    return code;
  }

  /** Writes no more than the reader takes; ends when it leaves. */
  private static final class BackPressure implements LogReader.Sink {
    private final Vertx vertx;
    private final HttpServerResponse response;
    private final Promise<Void> gone = Promise.promise();

    BackPressure(Vertx vertx, HttpServerResponse response) {
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
}
