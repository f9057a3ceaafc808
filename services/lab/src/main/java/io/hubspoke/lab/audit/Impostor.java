package io.hubspoke.lab.audit;

import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.PortForwardServer;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandServer;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.nio.charset.StandardCharsets;

/**
 * A server of an interceptor's own: takes execs and port-forwards in a kubelet's place, reads what
 * the caller sends, and answers with a text of its own.
 */
final class Impostor {
  private static final String LOCAL = "127.0.0.1";

  private final Vertx vertx;
  private final String forged;
  private final RemoteCommandServer commands;
  private final PortForwardServer forwards;
  private final Buffer read = Buffer.buffer();
  private final NetClient dialer;
  private HttpServer server;
  private NetServer port;

  private Impostor(Vertx vertx, String forged) {
    this.vertx = vertx;
    this.forged = forged;
    this.commands = new RemoteCommandServer(vertx, StreamTimeouts.DEFAULT);
    this.dialer = vertx.createNetClient();
    this.forwards = new PortForwardServer(vertx, StreamTimeouts.DEFAULT);
  }

  /** Starts one that answers with this text. */
  static Future<Impostor> start(Vertx vertx, String forged) {
    var impostor = new Impostor(vertx, forged);
    return Future.join(impostor.listen(), impostor.listenAsPort()).map(impostor);
  }

  /** What it takes for every port of every pod: answers whatever is sent first, and hangs up. */
  private Future<NetServer> listenAsPort() {
    port =
        vertx
            .createNetServer()
            .connectHandler(
                socket ->
                    socket.handler(
                        part -> {
                          hears(part);
                          socket.end(Buffer.buffer(forged));
                        }));
    return port.listen(0, LOCAL);
  }

  private SocketAddress port() {
    return SocketAddress.inetSocketAddress(port.actualPort(), LOCAL);
  }

  private Future<HttpServer> listen() {
    // In clear: what reaches it has had its TLS ended by the interceptor.
    var options = new HttpServerOptions().setHost(LOCAL).setPort(0);
    server =
        vertx
            .createHttpServer(options)
            .connectionHandler(connection -> UpgradeServer.install(connection, options))
            .requestHandler(this::serve);
    return server.listen();
  }

  SocketAddress address() {
    return SocketAddress.inetSocketAddress(server.actualPort(), LOCAL);
  }

  /** What callers have sent, once they are inside. */
  synchronized String read() {
    return read.toString(StandardCharsets.UTF_8);
  }

  private synchronized void hears(Buffer part) {
    read.appendBuffer(part);
  }

  Future<Void> close() {
    return Future.join(server.close(), port.close(), dialer.close()).mapEmpty();
  }

  private void serve(HttpServerRequest request) {
    Future<Void> served;
    if (request.path().startsWith("/portForward/")) {
      served = forwards.serve(request, "pod", port -> SocketDuplex.connect(vertx, dialer, port()));
    } else {
      var streams =
          new RemoteCommand(
              isAsked(request, "input"),
              isAsked(request, "output"),
              isAsked(request, "error"),
              isAsked(request, "tty"));
      served =
          commands.serve(
              request,
              streams,
              () -> Future.succeededFuture(new ForgedProcess(context(), streams)));
    }
    // Whoever it failed for has heard so.
    served.otherwiseEmpty();
  }

  private static boolean isAsked(HttpServerRequest request, String stream) {
    return "1".equals(request.getParam(stream));
  }

  private ContextInternal context() {
    return (ContextInternal) vertx.getOrCreateContext();
  }

  /** Says the forged text when its input has ended. */
  private final class ForgedProcess implements RemoteProcess {
    private final Pipe input;
    private final Pipe output;
    private final Promise<Integer> exited = Promise.promise();

    ForgedProcess(ContextInternal context, RemoteCommand streams) {
      input = streams.stdin() ? new Pipe(context) : null;
      output = new Pipe(context);
      if (input == null) {
        speak();
        return;
      }
      input.source().handler(Impostor.this::hears).endHandler(v -> speak()).resume();
    }

    private void speak() {
      output
          .sink()
          .write(Buffer.buffer(forged + "\n"))
          .compose(v -> output.sink().end())
          .onComplete(v -> exited.tryComplete(0));
    }

    @Override
    public WriteStream<Buffer> stdin() {
      return input == null ? null : input.sink();
    }

    @Override
    public ReadStream<Buffer> stdout() {
      return output.source();
    }

    @Override
    public ReadStream<Buffer> stderr() {
      return null;
    }

    @Override
    public void resize(TerminalSize size) {}

    @Override
    public Future<Integer> exited() {
      return exited.future();
    }

    @Override
    public void close() {
      exited.tryComplete(0);
    }
  }
}
