package io.hubspoke.lab.bench.tunnel;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
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

  /** Established, or ended by the other end alone. */
  private static final Set<String> OPEN = Set.of("01", "08");

  private static final Duration PATIENCE = Duration.ofSeconds(60);
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

  /** Waits until a port of them has no connection, in whatever process. */
  static void awaitGone(int port) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (hasConnection(port)) {
      if (System.nanoTime() - end > 0) {
        throw new IOException("the target still has connections");
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  /** As Linux tells of its sockets (proc_net_tcp.txt of its documentation). */
  private static boolean hasConnection(int port) throws IOException {
    var local = ":%04X".formatted(port);
    for (var table : List.of("tcp", "tcp6")) {
      for (var line : Files.readAllLines(Path.of("/proc/net/" + table))) {
        var fields = line.strip().split("\\s+", -1);
        if (fields[1].endsWith(local) && OPEN.contains(fields[3])) {
          return true;
        }
      }
    }
    return false;
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
