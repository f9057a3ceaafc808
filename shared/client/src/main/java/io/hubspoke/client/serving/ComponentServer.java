package io.hubspoke.client.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.runtime.Tls;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Serves a component's health to everybody who reaches it, and its metrics and configuration to
 * those whom the apiserver lets look.
 */
public final class ComponentServer {
  private static final String FLAGS = "--bind-address, --secure-port";
  private static final int IDLE_SECONDS = 60;
  private static final Duration SELF_SIGNED = Duration.ofDays(365);
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";

  private final Vertx vertx;
  private final SecureServing options;
  private final Map<String, BooleanSupplier> checks;
  private final Consumer<Exposition> metrics;
  private final Supplier<ObjectNode> configuration;
  private final Callers callers;
  private final Strangers strangers = new Strangers(FLAGS, Strangers.Limits.ANYBODY);
  private HttpServer server;

  /**
   * Makes the server.
   *
   * @param checks what must hold for health, by name
   * @param metrics adds what is measured
   * @param configuration what {@code /configz} shows
   */
  public ComponentServer(
      Vertx vertx,
      SecureServing options,
      Map<String, BooleanSupplier> checks,
      Consumer<Exposition> metrics,
      Supplier<ObjectNode> configuration)
      throws IOException {
    this.vertx = vertx;
    this.options = options;
    this.checks = Map.copyOf(checks);
    this.metrics = metrics;
    this.configuration = configuration;
    this.callers = new Callers(vertx, options);
  }

  /** Listens, unless it is switched off. */
  public Future<Void> start() throws IOException {
    if (options.isOff()) {
      return Future.succeededFuture();
    }
    var http =
        new HttpServerOptions()
            .setHost(options.bindAddress())
            .setPort(options.securePort())
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
            .setIdleTimeout(IDLE_SECONDS)
            .setIdleTimeoutUnit(TimeUnit.SECONDS);
    Tls.announce(Tls.serve(http, new ReloadableKeys(identity()), List.of()), strangers::arrived);
    server = vertx.createHttpServer(http).requestHandler(this::handle);
    return server
        .listen()
        .<Void>mapEmpty()
        .recover(
            e ->
                Future.failedFuture(
                    "%s: cannot listen on %s:%d: %s"
                        .formatted(
                            FLAGS,
                            options.bindAddress(),
                            options.securePort(),
                            Component.reason(e))));
  }

  /** Returns the port that it listens on; 0 when it doesn't. */
  public int port() {
    return server == null ? 0 : server.actualPort();
  }

  public Future<Void> stop() {
    var closed = server == null ? Future.<Void>succeededFuture() : server.close();
    return closed.eventually(callers::close);
  }

  private Identity identity() throws IOException {
    if (options.tlsCertFile() != null) {
      return Flag.read(
          "--tls-cert-file, --tls-private-key-file",
          () -> Identity.read(options.tlsCertFile(), options.tlsPrivateKeyFile()));
    }
    return CertificateAuthority.selfSigned(
        "localhost", SubjectAltNames.of(options.bindAddress(), "localhost"), SELF_SIGNED);
  }

  private void handle(HttpServerRequest request) {
    request.response().exceptionHandler(gone -> {});
    String path;
    try {
      path = new QueryStringDecoder(request.uri()).path();
    } catch (IllegalArgumentException e) {
      refuse(request, Status.badRequest("the path is not encoded as it should be"));
      return;
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      refuse(request, Status.methodNotAllowed("only GET is served here"));
      return;
    }
    for (var root : List.of("/healthz", "/livez", "/readyz")) {
      if (path.equals(root)) {
        all(request, root);
        return;
      }
      if (path.startsWith(root + "/")) {
        one(request, path.substring(root.length() + 1));
        return;
      }
    }
    callers
        .check(request, path)
        .onSuccess(
            allowed -> {
              strangers.known(Strangers.channel(request.connection()));
              answer(request, path);
            })
        .onFailure(
            e ->
                refuse(
                    request,
                    e instanceof ApiException refused
                        ? refused.status()
                        : Status.internalError("the caller cannot be judged")));
  }

  private void answer(HttpServerRequest request, String path) {
    switch (path) {
      case "/metrics" -> {
        var text = new Exposition();
        metrics.accept(text);
        send(request, 200, Exposition.TYPE, text.text());
      }
      case "/configz" -> send(request, 200, JSON, configuration.get().toString());
      default -> send(request, 404, TEXT, "404 page not found\n");
    }
  }

  /** Answers for all checks, each with a line when {@code verbose} or failing. */
  private void all(HttpServerRequest request, String root) {
    var lines = new StringBuilder("[+]ping ok\n");
    var well = true;
    for (var check : checks.entrySet()) {
      var holds = check.getValue().getAsBoolean();
      well &= holds;
      lines.append(holds ? "[+]" : "[-]").append(check.getKey());
      lines.append(holds ? " ok\n" : " failed: reason withheld\n");
    }
    lines.append(root, 1, root.length()).append(well ? " check passed\n" : " check failed\n");
    var verbose = request.params().contains("verbose") || !well;
    send(request, well ? 200 : 500, TEXT, verbose ? lines.toString() : "ok");
  }

  private void one(HttpServerRequest request, String name) {
    var check = name.equals("ping") ? (BooleanSupplier) () -> true : checks.get(name);
    if (check == null) {
      send(request, 404, TEXT, "404 page not found\n");
    } else if (check.getAsBoolean()) {
      send(request, 200, TEXT, "ok");
    } else {
      send(request, 500, TEXT, "internal server error: " + name + " failed\n");
    }
  }

  private static void refuse(HttpServerRequest request, Status status) {
    send(request, status.code(), JSON, status.toJson().toString());
  }

  private static void send(HttpServerRequest request, int code, String type, String text) {
    var body = Buffer.buffer(text);
    var response =
        request
            .response()
            .setStatusCode(code)
            .putHeader("Content-Type", type)
            .putHeader("X-Content-Type-Options", "nosniff")
            .putHeader("Cache-Control", "no-cache, private");
    if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader("Content-Length", String.valueOf(body.length())).end();
    } else {
      response.end(body);
    }
  }
}
