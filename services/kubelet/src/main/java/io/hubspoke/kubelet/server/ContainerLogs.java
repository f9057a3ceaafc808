package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.logs.LogOptions;
import io.hubspoke.kubelet.logs.LogReader;
import io.hubspoke.kubelet.logs.LogSource;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.time.Instant;

/** Serves {@code /containerLogs/{podNamespace}/{podID}/{containerName}}; waits for files. */
final class ContainerLogs {
  private final Vertx vertx;
  private final NodePods pods;

  ContainerLogs(Vertx vertx, NodePods pods) {
    this.vertx = vertx;
    this.pods = pods;
  }

  /** Answers a request, up to the last byte of a log that is followed. */
  void serve(Exchange exchange) {
    LogOptions options;
    try {
      options = LogOptions.parse(exchange.request().params(), Instant.now());
    } catch (LogOptions.UndecodableException e) {
      exchange.refuse(400, "{\"message\": \"Unable to decode query.\"}");
      return;
    } catch (LogOptions.InvalidException e) {
      exchange.refuse(422, "{\"message\": \"Invalid request.\"}");
      return;
    }
    LogSource source;
    try {
      source = find(exchange, options.previous());
    } catch (LogSource.NotFoundException e) {
      exchange.refuse(404, e.getMessage());
      return;
    } catch (LogSource.NotAvailableException e) {
      exchange.refuse(400, e.getMessage());
      return;
    }
    HttpServerResponse response = exchange.response().setChunked(true);
    response.putHeader("Content-Type", Exchange.TEXT);
    // The head at once: a follower of a container that says nothing yet must see its answer.
    response.writeHead().otherwiseEmpty();
    ResponseSink sink = new ResponseSink(vertx, response);
    try {
      new LogReader(source.file(), options, sink).read(source.running());
    } catch (IOException e) {
      response.reset();
      exchange.answered(500);
      return;
    }
    if (!sink.closed()) {
      response.end().otherwiseEmpty();
    }
    exchange.answered(200);
  }

  private LogSource find(Exchange exchange, boolean previous)
      throws LogSource.NotFoundException, LogSource.NotAvailableException {
    String name = exchange.parameter("podID");
    var pod = pods.find(exchange.parameter("podNamespace"), name);
    if (pod.isEmpty()) {
      throw new LogSource.NotFoundException("pod \"" + name + "\" does not exist\n");
    }
    return pod.get().log(exchange.parameter("containerName"), previous);
  }
}
