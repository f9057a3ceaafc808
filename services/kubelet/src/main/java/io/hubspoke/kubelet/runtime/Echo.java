package io.hubspoke.kubelet.runtime;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.BindException;
import java.nio.charset.StandardCharsets;

/**
 * Image {@code hubspoke/echo}: an HTTP server on the pod's address that answers with what it was
 * asked, as JSON. Its port comes from {@code --port=N}, the variable {@code PORT}, the first
 * container port, or is 8080.
 */
final class Echo implements Program {
  private static final int DEFAULT_PORT = 8080;
  private static final int MAX_BODY = 1 << 20;

  private final Surroundings surroundings;
  private final Promise<Integer> exit = Promise.promise();
  private HttpServer server;

  Echo(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Future<Integer> run() {
    int port;
    try {
      port = port();
    } catch (IllegalArgumentException e) {
      surroundings.err("echo: " + e.getMessage());
      return Future.succeededFuture(2);
    }
    listen(port)
        .onSuccess(bound -> surroundings.out("listening on " + surroundings.ip() + ":" + bound))
        .onFailure(
            failure -> {
              surroundings.err(
                  "echo: cannot listen on "
                      + surroundings.ip()
                      + ":"
                      + port
                      + ": "
                      + failure.getMessage());
              exit.tryComplete(1);
            });
    return exit.future();
  }

  @Override
  public void terminate() {
    kill();
    exit.tryComplete(0);
  }

  @Override
  public void kill() {
    if (server != null) {
      // Nobody waits: the process is gone either way.
      server.close().otherwiseEmpty();
    }
  }

  private int port() {
    String given = surroundings.argument("port", surroundings.config().env().get("PORT"));
    if (given == null) {
      var ports = surroundings.config().ports();
      return ports.isEmpty() ? DEFAULT_PORT : ports.getFirst();
    }
    try {
      int port = Integer.parseInt(given);
      if (port > 0 && port < 65536) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException("\"" + given + "\" is not a port");
  }

  private Future<Integer> listen(int port) {
    return bind(port)
        .recover(
            failure ->
                // Pods that share one address, where loopback has no others, can't share a port.
                surroundings.sharedIp() && failure instanceof BindException
                    ? bind(0)
                    : Future.failedFuture(failure))
        .map(HttpServer::actualPort);
  }

  private Future<HttpServer> bind(int port) {
    server =
        surroundings
            .context()
            .owner()
            .createHttpServer(
                new HttpServerOptions().setHost(surroundings.ip()).setPort(port).setIdleTimeout(60))
            .connectionHandler(connection -> connection.exceptionHandler(gone -> {}))
            .requestHandler(this::answer);
    return server.listen();
  }

  private void answer(HttpServerRequest request) {
    Buffer body = Buffer.buffer();
    request.handler(
        chunk -> {
          if (body.length() + chunk.length() <= MAX_BODY) {
            body.appendBuffer(chunk);
          } else if (!request.response().ended()) {
            request.response().setStatusCode(413).putHeader("Connection", "close").end();
          }
        });
    request.exceptionHandler(gone -> {});
    request.endHandler(
        v -> {
          if (!request.response().ended()) {
            surroundings.out(request.method() + " " + request.uri() + " 200");
            request
                .response()
                .putHeader("Content-Type", "application/json")
                .end(Buffer.buffer(Json.bytes(describe(request, body))));
          }
        });
  }

  private ObjectNode describe(HttpServerRequest request, Buffer body) {
    ObjectNode answer =
        Json.object()
            .put("pod", surroundings.config().podName())
            .put("container", surroundings.config().name())
            .put("method", request.method().name())
            .put("path", request.path())
            .put("query", request.query() == null ? "" : request.query())
            .put("remoteAddress", String.valueOf(request.remoteAddress()));
    ObjectNode headers = answer.putObject("headers");
    request.headers().forEach(h -> headers.withArray(h.getKey()).add(h.getValue()));
    return answer.put("body", body.toString(StandardCharsets.UTF_8));
  }
}
