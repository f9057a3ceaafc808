package io.hubspoke.konnectivity.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/** Connections that nobody accepts. */
final class Clients implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 300;

  private final List<Socket> sockets = new ArrayList<>();

  /** Connects with a port until the kernel takes no more. */
  void fill(int port) throws IOException {
    while (true) {
      var socket = new Socket();
      sockets.add(socket);
      try {
        socket.connect(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), PATIENCE_MILLIS);
      } catch (SocketTimeoutException full) {
        return;
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (var socket : sockets) {
      socket.close();
    }
  }
}
