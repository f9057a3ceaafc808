package io.hubspoke.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What a component says of itself on a port, in clear and to whoever asks. */
public final class StatusServer {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final int IDLE_SECONDS = 60;

  /** What is answered. */
  public record Page(int code, Map<String, String> headers, String text) {
    /** Some words. */
    public static Page text(int code, String text) {
      return new Page(code, Map.of("Content-Type", TEXT), text);
    }

    /** Metrics in Prometheus' text format. */
    public static Page metrics(String scraped) {
      return new Page(200, Map.of("Content-Type", Exposition.TYPE), scraped);
    }

    /** Nothing but where it is now. */
    public static Page movedTo(String url) {
      return new Page(301, Map.of("Location", url), "");
    }
  }

  private final String flags;
  private final Map<String, Function<HttpServerRequest, Page>> pages;
  private final HttpServer server;

  /**
   * Serves nothing yet.
   *
   * @param flags that name the port, for messages
   * @param pages by path
   */
  public StatusServer(
      Vertx vertx, String flags, Map<String, Function<HttpServerRequest, Page>> pages) {
    this.flags = flags;
    this.pages = Map.copyOf(pages);
    this.server = forStrangers(vertx, flags).requestHandler(this::answer);
  }

  /**
   * Makes a server of HTTP/1.1 in clear that holds few connections, whoever has them.
   *
   * @param port for the log, such as the flags that name it
   */
  public static HttpServer forStrangers(Vertx vertx, String port) {
    Strangers strangers = new Strangers(port, Strangers.Limits.ANYBODY);
    return vertx
        .createHttpServer(
            new HttpServerOptions()
                // A peer that opens no window has a hundred answers kept for each connection; and
                // until it says which HTTP it speaks, Vert.x tells nobody that it is there.
                .setHttp2ClearTextEnabled(false)
                .setIdleTimeout(IDLE_SECONDS)
                .setIdleTimeoutUnit(TimeUnit.SECONDS))
        .connectionHandler(connection -> strangers.arrived(Strangers.channel(connection)));
  }

  /** Listens; returns the port. Fails with a message that names the flags. */
  public Future<Integer> listen(SocketAddress at) {
    return server
        .listen(at)
        .map(HttpServer::actualPort)
        .recover(
            e ->
                Future.failedFuture(
                    "%s: cannot listen on %s: %s".formatted(flags, at, Component.reason(e))));
  }

  /** Listens there; nowhere when it is empty. */
  public Future<Integer> listen(Optional<SocketAddress> at) {
    return at.isEmpty() ? Future.succeededFuture() : listen(at.get());
  }

  /** Listens no more. */
  public Future<Void> close() {
    return server.close();
  }

  private void answer(HttpServerRequest request) {
    Function<HttpServerRequest, Page> found = pages.get(String.valueOf(request.path()));
    Page page = found == null ? Page.text(404, "404 page not found\n") : found.apply(request);
    Buffer body = Buffer.buffer(page.text());
    var response =
        request
            .response()
            .exceptionHandler(gone -> {})
            .setStatusCode(page.code())
            .putHeader("X-Content-Type-Options", "nosniff");
    page.headers().forEach(response::putHeader);
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("Content-Length", String.valueOf(body.length())).end();
    } else {
      response.end(body);
    }
  }
}
