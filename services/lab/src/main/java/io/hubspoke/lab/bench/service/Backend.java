package io.hubspoke.lab.bench.service;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * What an endpoint serves: at one port a small answer to a small request; at another as many bytes
 * as are taken, both by plain threads and sockets, so that there is little to measure but the way
 * to it; and at a third HTTP, by the JDK's server.
 */
final class Backend implements Closeable {
  /** Bytes of a request, and of its answer. */
  static final int MESSAGE = 64;

  static final int BLOCK = 256 << 10;

  /** What HTTP requests are answered with: as long as a web server's first page. */
  static final byte[] PAGE = "<p>Here is an endpoint.</p>\n".repeat(22).getBytes(UTF_8);

  private static final int ACCEPTORS = 32;
  private static final int BACKLOG = 1024;

  private final List<ServerSocketChannel> listening = new ArrayList<>();
  private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
  private final HttpServer http;
  private final ExecutorService answering =
      Executors.newFixedThreadPool(
          ACCEPTORS, Thread.ofPlatform().daemon().name("bench-http-", 0).factory());

  /** Listens in the network of the thread that makes it. */
  Backend(InetAddress address) throws IOException {
    var exchange = listen(address, Stage.EXCHANGE);
    var source = listen(address, Stage.SOURCE);
    for (int i = 0; i < ACCEPTORS; i++) {
      thread(() -> accept(exchange, this::exchange));
    }
    thread(() -> accept(source, connection -> thread(() -> serve(connection, this::fill))));
    http = HttpServer.create(new InetSocketAddress(address, Stage.HTTP), BACKLOG);
    http.setExecutor(answering);
    http.createContext("/", Backend::answer);
    http.start();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "text/html");
      exchange.sendResponseHeaders(200, PAGE.length);
      exchange.getResponseBody().write(PAGE);
    }
  }

  @FunctionalInterface
  private interface Serving {
    void serve(SocketChannel connection) throws IOException;
  }

  private ServerSocketChannel listen(InetAddress address, int port) throws IOException {
    var server = ServerSocketChannel.open();
    listening.add(server);
    return server.bind(new InetSocketAddress(address, port), BACKLOG);
  }

  private static void thread(Runnable work) {
    Thread.ofPlatform().daemon().name("bench-endpoint").start(work);
  }

  private void accept(ServerSocketChannel server, Serving serving) {
    while (server.isOpen()) {
      try {
        serve(server.accept(), serving);
      } catch (IOException e) {
        // Closed, or a client that has gone before it was accepted.
      }
    }
  }

  private void serve(SocketChannel connection, Serving serving) {
    connections.add(connection);
    try {
      serving.serve(connection);
    } catch (IOException e) {
      close(connection);
    }
  }

  private void exchange(SocketChannel connection) throws IOException {
    var buffer = ByteBuffer.allocate(MESSAGE);
    while (buffer.hasRemaining()) {
      if (connection.read(buffer) < 0) {
        close(connection);
        return;
      }
    }
    connection.write(buffer.flip());
    // The client resets it, which is an exception here.
    connection.read(buffer.clear());
    close(connection);
  }

  private void fill(SocketChannel connection) throws IOException {
    var block = ByteBuffer.allocateDirect(BLOCK);
    while (connection.write(block) >= 0) {
      block.clear();
    }
  }

  private void close(SocketChannel connection) {
    connections.remove(connection);
    try {
      connection.close();
    } catch (IOException e) {
      // It is of no more use anyway.
    }
  }

  @Override
  public void close() throws IOException {
    http.stop(0);
    answering.shutdownNow();
    for (var server : listening) {
      server.close();
    }
    connections.forEach(this::close);
  }
}
