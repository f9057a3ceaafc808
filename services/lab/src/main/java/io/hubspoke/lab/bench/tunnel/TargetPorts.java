package io.hubspoke.lab.bench.tunnel;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What connections through a tunnel are made to, on loopback and in a process of its own.
 *
 * @param source sends without end
 * @param sink swallows
 * @param echo returns what it gets
 * @param page answers HTTP requests
 */
public record TargetPorts(int source, int sink, int echo, int page) {
  static final String ADDRESS = "127.0.0.1";

  private static final int BLOCK = 64 << 10;
  private static final int WRITE_QUEUE = 256 << 10;
  private static final int BACKLOG = 4096;

  /** Opens them. */
  public static Future<TargetPorts> listen(Vertx vertx) {
    var source = server(vertx).connectHandler(TargetPorts::send).listen(0, ADDRESS);
    var sink = server(vertx).connectHandler(TargetPorts::swallow).listen(0, ADDRESS);
    var echo = server(vertx).connectHandler(TargetPorts::answer).listen(0, ADDRESS);
    var page =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.response().end("ok\n").otherwiseEmpty())
            .listen(0, ADDRESS);
    return Future.all(source, sink, echo, page)
        .map(
            all ->
                new TargetPorts(
                    source.result().actualPort(),
                    sink.result().actualPort(),
                    echo.result().actualPort(),
                    page.result().actualPort()));
  }

  private static NetServer server(Vertx vertx) {
    return vertx.createNetServer(
        new NetServerOptions().setTcpNoDelay(true).setAcceptBacklog(BACKLOG));
  }

  private static void send(NetSocket socket) {
    socket.setWriteQueueMaxSize(WRITE_QUEUE);
    var block = Buffer.buffer(new byte[BLOCK]);
    socket.exceptionHandler(gone -> socket.drainHandler(null));
    fill(socket, block);
  }

  private static void fill(NetSocket socket, Buffer block) {
    while (!socket.writeQueueFull()) {
      if (socket.write(block).failed()) {
        return; // it has ended, and is never full again
      }
    }
    socket.drainHandler(v -> fill(socket, block));
  }

  private static void swallow(NetSocket socket) {
    socket.exceptionHandler(gone -> {});
    socket.handler(bytes -> {});
  }

  private static void answer(NetSocket socket) {
    socket.exceptionHandler(gone -> {});
    // Fails for who has gone.
    socket.handler(bytes -> socket.write(bytes).otherwiseEmpty());
  }

  /** Writes them for another process to {@link #read}. */
  @Override
  public String toString() {
    return List.of(source, sink, echo, page).stream()
        .map(String::valueOf)
        .collect(Collectors.joining(" "));
  }

  /** Reads what a process that has opened them wrote. */
  public static TargetPorts read(Process process) throws IOException {
    var line = process.inputReader(StandardCharsets.UTF_8).readLine();
    if (line == null) {
      throw new IOException("the target ended before it listened");
    }
    return parse(line);
  }

  private static TargetPorts parse(String line) {
    var ports = Arrays.stream(line.strip().split(" ", -1)).mapToInt(Integer::parseInt).toArray();
    return new TargetPorts(ports[0], ports[1], ports[2], ports[3]);
  }
}
