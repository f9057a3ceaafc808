package io.hubspoke.tunnel.konnectivity;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;

/**
 * Dials through a Konnectivity server that speaks HTTP's CONNECT: a connection to it for each
 * connection through it.
 */
public final class HttpConnectDialer implements Dialer {
  private static final Duration LONGEST_DIAL = Duration.ofSeconds(30);
  private static final int CONNECT_MILLIS = 10_000;

  /** Of what a server says against a dial as much is read as fits a message. */
  private static final int MAX_REASON = 1024;

  private static final int REASON_MILLIS = 1000;

  private final Vertx vertx;
  private final String name;
  private final TunnelServer server;
  private final NetClient client;

  /**
   * @param name of the tunnel, for errors and metrics
   */
  public HttpConnectDialer(Vertx vertx, String name, TunnelServer server) {
    this.vertx = vertx;
    this.name = name;
    this.server = server;
    var options = new NetClientOptions().setConnectTimeout(CONNECT_MILLIS);
    options.setHostnameVerificationAlgorithm(server.trust() == null ? "" : "HTTPS");
    this.client = vertx.createNetClient(server.secure(options));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Future<Duplex> dial(Target target) {
    Promise<Duplex> dialled = Promise.promise();
    client
        .connect(server.address())
        .onComplete(
            socket -> ask(ProxiedSocket.over(socket), target, dialled),
            e ->
                dialled.fail(
                    down("cannot reach " + server.display() + ": " + Component.reason(e))));
    return dialled.future();
  }

  private void ask(ProxiedSocket socket, Target target, Promise<Duplex> dialled) {
    long limit =
        vertx.setTimer(
            LONGEST_DIAL.toMillis(),
            t -> {
              if (dialled.tryFail(new IOException("dial timeout"))) {
                socket.reset();
              }
            });
    dialled.future().onComplete(done -> vertx.cancelTimer(limit));
    String authority = target.authority();
    Future<String> answer = socket.head();
    socket
        .write(
            Buffer.buffer(
                "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(authority, authority)))
        .onFailure(e -> dialled.tryFail(down(Component.reason(e))));
    answer.onComplete(
        head -> answered(socket, head, dialled),
        e -> {
          socket.reset();
          dialled.tryFail(down(Component.reason(e)));
        });
  }

  private void answered(ProxiedSocket socket, String head, Promise<Duplex> dialled) {
    String line = head.lines().findFirst().orElse("");
    int status = status(line);
    if (status == 200) {
      if (!dialled.tryComplete(socket)) {
        socket.reset();
      }
      return;
    }
    reason(socket)
        .onSuccess(
            reason -> {
              socket.reset();
              dialled.tryFail(refused(status, reason.isEmpty() ? line : reason));
            });
  }

  /** What the server says of it, up to the connection's end. */
  private Future<String> reason(ProxiedSocket socket) {
    Promise<String> read = Promise.promise();
    Buffer text = Buffer.buffer();
    Runnable done = () -> read.tryComplete(text.toString(UTF_8).strip());
    long limit = vertx.setTimer(REASON_MILLIS, t -> done.run());
    read.future().onComplete(v -> vertx.cancelTimer(limit));
    socket.handler(
        bytes -> {
          text.appendBuffer(bytes, 0, Math.min(bytes.length(), MAX_REASON - text.length()));
          if (text.length() == MAX_REASON) {
            done.run();
          }
        });
    socket.exceptionHandler(e -> done.run());
    socket.endHandler(v -> done.run());
    socket.resume();
    return read.future();
  }

  /** A server that has no agent is a tunnel that is down; the rest is said of the target. */
  private IOException refused(int status, String reason) {
    String known = reason.toLowerCase(Locale.ROOT);
    boolean targets = status == 502 || status == 503 || status == 504;
    boolean tunnels =
        known.contains("no tunnels available")
            || known.contains("backend context error")
            || known.contains("failed to tunnel");
    return targets && !tunnels ? new IOException(reason) : down(reason);
  }

  private TunnelDownException down(String reason) {
    return new TunnelDownException(name, reason);
  }

  /** Returns 0 when it is no status line; the version may be any, as the real server's is odd. */
  private static int status(String line) {
    String[] parts = line.split(" ", 3);
    if (parts.length < 2 || !parts[0].startsWith("HTTP/") || !parts[1].matches("[0-9]{3}")) {
      return 0;
    }
    return Integer.parseInt(parts[1]);
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }
}
