package io.hubspoke.konnectivity.agent;

import io.hubspoke.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Something for agents to dial, which does one thing with each connection. */
final class Endpoint implements AutoCloseable {
  /** What is done with a connection, which is closed then. */
  interface Behaviour {
    void serve(Socket socket) throws IOException, InterruptedException;
  }

  static final Behaviour ECHO =
      socket -> {
        socket.getInputStream().transferTo(socket.getOutputStream());
      };

  final AtomicReference<InetAddress> lastPeer = new AtomicReference<>();
  final AtomicInteger accepted = new AtomicInteger();
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  Endpoint(Behaviour behaviour) throws IOException {
    server = new ServerSocket();
    server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    Thread.ofVirtual().start(() -> accept(behaviour));
  }

  static Endpoint echo() throws IOException {
    return new Endpoint(ECHO);
  }

  /** Returns an address at which nobody listens. */
  static String refused() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return "127.0.0.1:" + socket.getLocalPort();
    }
  }

  private void accept(Behaviour behaviour) {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        open.add(socket);
        lastPeer.set(socket.getInetAddress());
        accepted.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(behaviour, socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Behaviour behaviour, Socket socket) {
    try (socket) {
      behaviour.serve(socket);
    } catch (IOException ended) {
      // The agent's end went.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  int port() {
    return server.getLocalPort();
  }

  int connections() {
    return open.size();
  }

  /** Waits until as many connections are open. */
  void awaitConnections(int count) throws Exception {
    Await.until("connections of the endpoint", this::connections, n -> n == count);
  }

  @Override
  public void close() {
    try {
      server.close();
      for (var socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
