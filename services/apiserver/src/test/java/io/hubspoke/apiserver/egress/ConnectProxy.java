package io.hubspoke.apiserver.egress;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A proxy that takes HTTP CONNECT, in clear, and tells what it was asked for. */
public final class ConnectProxy implements AutoCloseable {
  public final List<String> asked = new CopyOnWriteArrayList<>();

  /** Names that it resolves. */
  public final Map<String, String> names = new ConcurrentHashMap<>();

  /** Whether it answers at all. */
  public volatile boolean silent;

  private final ServerSocket server;
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  public ConnectProxy() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  /** Writes a configuration that leads to the cluster through this proxy. */
  public EgressOptions options(Path dir) throws IOException {
    Path file = dir.resolve("egress.yaml");
    Files.writeString(
        file,
        """
        apiVersion: apiserver.k8s.io/v1beta1
        kind: EgressSelectorConfiguration
        egressSelections:
        - name: cluster
          connection:
            proxyProtocol: HTTPConnect
            transport:
              tcp:
                url: http://127.0.0.1:%d
        """
            .formatted(server.getLocalPort()));
    return EgressOptions.configured(file);
  }

  private void accept() {
    while (true) {
      try {
        Socket client = server.accept();
        open.add(client);
        threads.execute(() -> serve(client));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try {
      String authority = head(client.getInputStream()).split(" ", 3)[1];
      asked.add(authority);
      if (silent) {
        return;
      }
      int colon = authority.lastIndexOf(':');
      String host = authority.substring(0, colon);
      Socket far;
      try {
        // From an address of the control plane, as one that dials directly here would.
        far =
            new Socket(
                InetAddress.ofLiteral(names.getOrDefault(host, host)),
                Integer.parseInt(authority.substring(colon + 1)),
                InetAddress.ofLiteral("127.0.10.1"),
                0);
      } catch (IOException e) {
        send(
            client,
            "HTTP/1.1 502 Bad Gateway\r\n\r\ndial tcp " + authority + ": " + e.getMessage());
        client.close();
        return;
      }
      open.add(far);
      send(client, "HTTP/1.1 200 Connection established\r\n\r\n");
      threads.execute(() -> copy(far, client));
      copy(client, far);
    } catch (IOException gone) {
      close(client);
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException broken) {
      close(from);
      close(to);
    }
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("ended within a head: " + head);
      }
      head.append((char) next);
    }
    return head.toString();
  }

  private static void close(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException closed) {
      // It has ended already.
    }
  }

  /** Ends it, and all that goes through it, without a word. */
  @Override
  public void close() throws IOException {
    server.close();
    open.forEach(ConnectProxy::close);
    threads.shutdownNow();
  }
}
