package io.hubspoke.lab.controlplane;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What is behind a service: says its name of one letter at once, then gives back what it gets. */
final class NamedServer implements AutoCloseable {
  final String name;
  private final ServerSocket server = new ServerSocket();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /** All have the same port, as the pods of a service do, and an address each. */
  NamedServer(String name) throws IOException {
    this.name = name;
    server.bind(
        new InetSocketAddress(InetAddress.ofLiteral("127.98.1." + (int) name.charAt(0)), 18080));
    Thread.ofVirtual().start(this::serve);
  }

  String address() {
    return server.getInetAddress().getHostAddress();
  }

  int port() {
    return server.getLocalPort();
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        var socket = server.accept();
        open.add(socket);
        Thread.ofVirtual().start(() -> echo(socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void echo(Socket socket) {
    try (socket) {
      socket.getOutputStream().write(name.getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException ended) {
      // Its other end went.
    } finally {
      open.remove(socket);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (var socket : open) {
      socket.close();
    }
  }

  static Socket connect(InetSocketAddress at) throws IOException {
    var socket = new Socket();
    socket.setSoTimeout(10_000);
    socket.connect(at, 10_000);
    return socket;
  }

  /** Returns the name of the server that answers. */
  static String ask(InetSocketAddress at) throws IOException {
    try (var socket = connect(at)) {
      return name(socket);
    }
  }

  static String name(Socket socket) throws IOException {
    int name = socket.getInputStream().read();
    if (name < 0) {
      throw new IOException("ended");
    }
    return String.valueOf((char) name);
  }

  /** Sends a letter and returns the one that comes back. */
  static String echo(Socket socket, String letter) throws IOException {
    socket.getOutputStream().write(letter.getBytes(StandardCharsets.US_ASCII));
    return name(socket);
  }
}
