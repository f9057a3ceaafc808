package io.hubspoke.testing;

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

/** Something to dial by TCP, which does one thing with each connection. */
public final class TcpEndpoint implements AutoCloseable {
  /** What is done with a connection, which is closed then. */
  public interface Behaviour {
    void serve(Socket socket) throws IOException, InterruptedException;
  }

  /** Gives back what it gets. */
  public static final Behaviour ECHO =
      socket -> {
        socket.getInputStream().transferTo(socket.getOutputStream());
      };

  private final AtomicReference<InetAddress> lastPeer = new AtomicReference<>();
  private final AtomicInteger accepted = new AtomicInteger();
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /** Listens at a free port of loopback. */
  public TcpEndpoint(Behaviour behaviour) throws IOException {
    server = new ServerSocket();
    server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    Thread.ofVirtual().start(() -> accept(behaviour));
  }

  public static TcpEndpoint echo() throws IOException {
    return new TcpEndpoint(ECHO);
  }

  /** Returns an address at which nobody listens. */
  public static String refused() throws IOException {
    return "127.0.0.1:" + FreePort.at("127.0.0.1");
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
      // Its other end went.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  /** Returns host and port. */
  public String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  public int port() {
    return server.getLocalPort();
  }

  /** Returns how many connections are open. */
  public int connections() {
    return open.size();
  }

  /** Returns how many there have been. */
  public int accepted() {
    return accepted.get();
  }

  /** Returns from where the last one came. */
  public InetAddress lastPeer() {
    return lastPeer.get();
  }

  /** Waits until as many connections are open. */
  public void awaitConnections(int count) throws Exception {
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
