package io.hubspoke.streams.spdy;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardServer;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandServer;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * An HTTP server with one pod, {@code web}, of which it knows as much as kubectl asks: exec and
 * attach run what the test says, port-forward reaches ports of this machine.
 */
final class StreamServer {
  static final StreamTimeouts TIMEOUTS =
      new StreamTimeouts(Duration.ofSeconds(1), Duration.ofHours(1));

  final int port;
  final AtomicInteger dialled = new AtomicInteger();

  /** What the last request that was one asked to change to. */
  final AtomicReference<String> upgrade = new AtomicReference<>();

  private final Vertx vertx;
  private final NetClient net;

  StreamServer(Vertx vertx, Function<RemoteCommand, Future<RemoteProcess>> process)
      throws Exception {
    this.vertx = vertx;
    this.net = vertx.createNetClient();
    var commands = new RemoteCommandServer(vertx, TIMEOUTS);
    var forwards = new PortForwardServer(vertx, TIMEOUTS);
    var options = new HttpServerOptions();
    this.port =
        Await.result(
                vertx
                    .createHttpServer(options)
                    .connectionHandler(c -> UpgradeServer.install(c, options))
                    .requestHandler(
                        request -> {
                          String path = request.path();
                          if (request.getHeader("Upgrade") != null) {
                            upgrade.set(request.getHeader("Upgrade"));
                          }
                          if (path.endsWith("/exec") || path.endsWith("/attach")) {
                            RemoteCommand command = command(request);
                            commands
                                .serve(request, command, () -> process.apply(command))
                                .otherwiseEmpty();
                          } else if (path.endsWith("/portforward")) {
                            forwards.serve(request, "web, uid 7", this::dial).otherwiseEmpty();
                          } else {
                            describe(request);
                          }
                        })
                    .listen(0, "127.0.0.1"))
            .actualPort();
  }

  RequestOptions to(String what) {
    return new RequestOptions()
        .setHost("127.0.0.1")
        .setPort(port)
        .setURI("/api/v1/namespaces/default/pods/web/" + what);
  }

  private static RemoteCommand command(HttpServerRequest request) {
    return new RemoteCommand(
        asked(request, "stdin"),
        asked(request, "stdout"),
        asked(request, "stderr"),
        asked(request, "tty"));
  }

  private static boolean asked(HttpServerRequest request, String name) {
    String value = request.getParam(name);
    return "true".equals(value) || "1".equals(value);
  }

  private Future<Duplex> dial(int to) {
    dialled.incrementAndGet();
    return to == 1
        ? Future.failedFuture("connection refused")
        : SocketDuplex.connect(vertx, net, SocketAddress.inetSocketAddress(to, "127.0.0.1"));
  }

  private static void describe(HttpServerRequest request) {
    String body =
        switch (request.path()) {
          case "/api" -> "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}";
          case "/apis" -> "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}";
          case "/api/v1" ->
              """
              {"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods",
              "singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get"]}]}""";
          case "/api/v1/namespaces/default/pods/web" ->
              """
              {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"default"},
              "spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],
              "stdin":true,"tty":true}]},"status":{"phase":"Running"}}""";
          default -> null;
        };
    request
        .response()
        .setStatusCode(body == null ? 404 : 200)
        .putHeader("Content-Type", "application/json")
        .end(body == null ? "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}" : body)
        .otherwiseEmpty();
  }
}
