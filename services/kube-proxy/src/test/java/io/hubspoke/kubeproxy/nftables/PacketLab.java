package io.hubspoke.kubeproxy.nftables;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.runtime.NetworkNamespace;
import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A node between a client and two backends, each in a network namespace of its own. Whoever sends a
 * backend a line or a packet hears from it which backend it is, and as which address it is seen.
 */
final class PacketLab implements Closeable {
  static final String CLIENT = "10.77.1.2";
  static final String NODE = "10.77.1.1";
  static final List<String> BACKENDS = List.of("10.77.10.2", "10.77.20.2");

  /** The node's addresses towards the backends. */
  static final List<String> GATEWAYS = List.of("10.77.10.1", "10.77.20.1");

  static final int PORT = 8080;
  private static final int PATIENCE_MILLIS = 10_000;

  private final Deque<Closeable> open = new ArrayDeque<>();
  private final List<Socket> accepted = new CopyOnWriteArrayList<>();
  final NetworkNamespace node;
  final NetworkNamespace client;
  final List<NetworkNamespace> backends = new ArrayList<>();

  PacketLab() throws Exception {
    NetworkNamespace.hindrance()
        .ifPresent(
            why -> {
              throw new AssertionError("tests of the packet filter can't run: " + why);
            });
    try {
      node = make("node");
      client = make("client");
      node.forward();
      node.join("client", NODE + "/24", client, "node", CLIENT + "/24");
      // As every node it has a way to everywhere; here it leads nowhere.
      node.ip("link", "add", "uplink", "type", "veth", "peer", "name", "nowhere");
      node.ip("link", "set", "uplink", "up");
      node.ip("link", "set", "nowhere", "up");
      node.ip("route", "add", "default", "dev", "uplink");
      client.ip("route", "add", "default", "via", NODE);
      for (int i = 0; i < BACKENDS.size(); i++) {
        var backend = make("backend" + i);
        backends.add(backend);
        node.join("backend" + i, GATEWAYS.get(i) + "/24", backend, "node", BACKENDS.get(i) + "/24");
        backend.ip("route", "add", "default", "via", GATEWAYS.get(i));
        serve(backend, "backend" + i);
      }
    } catch (Exception | AssertionError e) {
      close();
      throw e;
    }
  }

  private NetworkNamespace make(String what) throws IOException {
    var made = NetworkNamespace.make(what);
    open.push(made);
    return made;
  }

  /** What is left is removed, whatever else goes wrong. */
  @Override
  public void close() throws IOException {
    for (Socket socket : accepted) {
      socket.close();
    }
    IOException failure = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void serve(NetworkNamespace where, String name) throws Exception {
    var tcp = where.call(() -> new ServerSocket(PORT, 100, InetAddress.ofLiteral("0.0.0.0")));
    open.push(tcp);
    Thread.ofPlatform().daemon().start(() -> accept(tcp, name));
    var udp = where.call(() -> new DatagramSocket(PORT, InetAddress.ofLiteral("0.0.0.0")));
    open.push(udp);
    Thread.ofPlatform().daemon().start(() -> answer(udp, name));
  }

  private void accept(ServerSocket server, String name) {
    try {
      while (true) {
        var socket = server.accept();
        accepted.add(socket);
        Thread.ofVirtual()
            .start(
                () -> {
                  try (socket) {
                    var in = socket.getInputStream();
                    String peer = socket.getInetAddress().getHostAddress();
                    while (in.read() == '\n') {
                      socket.getOutputStream().write((name + " " + peer + "\n").getBytes(UTF_8));
                    }
                  } catch (IOException e) {
                    // The client has gone.
                  }
                });
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private static void answer(DatagramSocket socket, String name) {
    try {
      while (true) {
        var packet = new DatagramPacket(new byte[1], 1);
        socket.receive(packet);
        byte[] said = (name + " " + packet.getAddress().getHostAddress()).getBytes(UTF_8);
        socket.send(new DatagramPacket(said, said.length, packet.getSocketAddress()));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  /** A connection on which one may ask again and again. */
  record Connection(Socket socket) implements AutoCloseable {
    /** Returns which backend it is, and as which address it sees the client. */
    String ask() throws IOException {
      socket.getOutputStream().write('\n');
      StringBuilder line = new StringBuilder();
      for (int c = socket.getInputStream().read(); c != '\n'; c = socket.getInputStream().read()) {
        if (c < 0) {
          throw new IOException("closed by the peer");
        }
        line.append((char) c);
      }
      return line.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  Connection connect(NetworkNamespace from, String ip, int port) throws Exception {
    return connect(from, ip, port, PATIENCE_MILLIS);
  }

  Connection connect(NetworkNamespace from, String ip, int port, int millis) throws Exception {
    return from.call(
        () -> {
          var socket = new Socket();
          try {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(ip), port), millis);
            socket.setSoTimeout(PATIENCE_MILLIS);
            return new Connection(socket);
          } catch (IOException e) {
            socket.close();
            throw e;
          }
        });
  }

  /** Connects, asks once, and closes. */
  String ask(NetworkNamespace from, String ip, int port) throws Exception {
    try (var connection = connect(from, ip, port)) {
      return connection.ask();
    }
  }

  /** Opens a socket for packets, whose port stays the same. */
  DatagramSocket datagrams(NetworkNamespace from) throws Exception {
    var socket = from.call(() -> new DatagramSocket(0, InetAddress.ofLiteral("0.0.0.0")));
    socket.setSoTimeout(PATIENCE_MILLIS);
    open.push(socket);
    return socket;
  }

  /** Sends a packet and returns what comes back. */
  static String ask(DatagramSocket socket, String ip, int port) throws IOException {
    socket.send(new DatagramPacket(new byte[1], 1, InetAddress.ofLiteral(ip), port));
    var answer = new DatagramPacket(new byte[100], 100);
    socket.receive(answer);
    return new String(answer.getData(), 0, answer.getLength(), UTF_8);
  }
}
