package io.hubspoke.kubelet.runtime;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Image {@code hubspoke/echo}: an HTTP server on the pod's address that answers with what it was
 * asked, as JSON. Its port comes from {@code --port=N}, the variable {@code PORT}, the first
 * container port, or is 8080. With {@code --tls} it is an HTTPS server whose certificate nobody
 * knows; it asks its clients for theirs, requires none, and tells what it got.
 */
final class Echo implements Program {
  private static final int DEFAULT_PORT = 8080;
  private static final int MAX_BODY = 1 << 20;
  private static final String TLS = "--tls";
  private static final Duration VALIDITY = Duration.ofDays(365);

  private final Surroundings surroundings;
  private final Promise<Integer> exit = Promise.promise();
  private HttpServer server;
  private boolean killed;

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
    kill().onComplete(closed -> exit.tryComplete(0));
  }

  @Override
  public Future<Void> kill() {
    killed = true;
    return server == null ? Future.succeededFuture() : server.close().otherwiseEmpty();
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
    HttpServerOptions http =
        new HttpServerOptions().setHost(surroundings.listenIp()).setPort(port).setIdleTimeout(60);
    return keys()
        .compose(
            keys -> {
              if (killed) {
                return Future.failedFuture("killed");
              }
              server =
                  surroundings
                      .context()
                      .owner()
                      .createHttpServer(keys == null ? http : Tls.serve(http, keys, List.of()))
                      .connectionHandler(connection -> connection.exceptionHandler(gone -> {}))
                      .requestHandler(this::answer);
              return server.listen();
            });
  }

  /** Makes what it serves TLS with; null when it doesn't. */
  private Future<ReloadableKeys> keys() {
    return surroundings.config().args().contains(TLS)
        ? surroundings
            .context()
            .executeBlocking(
                () ->
                    new ReloadableKeys(
                        CertificateAuthority.selfSigned(
                            surroundings.config().podName(),
                            SubjectAltNames.of(List.of(surroundings.ip())),
                            VALIDITY)))
        : Future.succeededFuture();
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
    if (request.isSSL()) {
      answer.put("clientCertificate", clientCertificate(request));
    }
    ObjectNode headers = answer.putObject("headers");
    request.headers().forEach(h -> headers.withArray(h.getKey()).add(h.getValue()));
    return answer.put("body", body.toString(StandardCharsets.UTF_8));
  }

  /** Returns whose certificate the client showed, empty when it showed none. */
  private static String clientCertificate(HttpServerRequest request) {
    try {
      return request.connection().peerCertificates().getFirst() instanceof X509Certificate shown
          ? shown.getSubjectX500Principal().getName()
          : "";
    } catch (SSLPeerUnverifiedException none) {
      return "";
    }
  }
}
