package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** A server behind a service: says its name at once, then gives back what it gets. */
final class TestEndpoint implements AutoCloseable {
  final String name;
  final AtomicReference<InetAddress> lastPeer = new AtomicReference<>();
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  TestEndpoint(String name) throws IOException {
    this.name = name;
    server = new ServerSocket();
    server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    Thread.ofVirtual().start(this::serve);
  }

  Endpoint endpoint() {
    return new Endpoint("127.0.0.1", server.getLocalPort(), true);
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        open.add(socket);
        lastPeer.set(socket.getInetAddress());
        Thread.ofVirtual().start(() -> echo(socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void echo(Socket socket) {
    try (socket) {
      socket.getOutputStream().write((name + "\n").getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException ended) {
      // Its other end went.
    } finally {
      open.remove(socket);
    }
  }

  int connections() {
    return open.size();
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
