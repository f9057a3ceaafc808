package io.hubspoke.apiserver.proxy;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** A backend that a test answers for by hand. */
final class RawBackend implements AutoCloseable {
  private final ServerSocket server;
  private final List<Socket> open = new ArrayList<>();

  /** Listens; with TLS when there is an identity, and asks for a client certificate then. */
  RawBackend(String address, Identity identity) throws Exception {
    InetAddress at = InetAddress.ofLiteral(address);
    if (identity == null) {
      server = new ServerSocket(0, 50, at);
    } else {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          new KeyManager[] {new ReloadableKeys(identity)},
          new TrustManager[] {Tls.trustAny(List.of())},
          null);
      var tls = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, at);
      tls.setWantClientAuth(true);
      server = tls;
    }
    server.setSoTimeout(20_000);
  }

  int port() {
    return server.getLocalPort();
  }

  Call accept() throws IOException {
    Socket socket = server.accept();
    socket.setSoTimeout(20_000);
    open.add(socket);
    return new Call(socket);
  }

  /** Returns all that comes on the one connection that may have been made, until it ends. */
  String received() throws IOException {
    server.setSoTimeout(200);
    try {
      Socket socket = accept().socket;
      socket.setSoTimeout(500);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      try {
        socket.getInputStream().transferTo(all);
      } catch (IOException resetOrSilent) {
        // What has come before counts.
      }
      return all.toString(StandardCharsets.ISO_8859_1);
    } catch (java.net.SocketTimeoutException nobody) {
      return "";
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** A connection to it. */
  record Call(Socket socket) {
    /** Reads a head up to its empty line. */
    String head() throws IOException {
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        int next = socket.getInputStream().read();
        if (next < 0) {
          throw new IOException("ended within a head: " + head);
        }
        head.write(next);
      }
      return head.toString(StandardCharsets.ISO_8859_1);
    }

    String read(int length) throws IOException {
      return new String(socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    /** Sends a head of these lines. */
    Call answer(String... lines) throws IOException {
      return send(String.join("\r\n", lines) + "\r\n\r\n");
    }

    Call send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      return this;
    }

    /** Returns whether the other side has ended the connection, waiting for it. */
    boolean ended() {
      try {
        return socket.getInputStream().read() < 0;
      } catch (java.net.SocketTimeoutException stillThere) {
        return false;
      } catch (IOException reset) {
        return true;
      }
    }

    String clientName() throws IOException {
      return ((SSLSocket) socket).getSession().getPeerPrincipal().getName();
    }
  }
}
