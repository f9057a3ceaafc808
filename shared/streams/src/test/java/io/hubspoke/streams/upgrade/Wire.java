package io.hubspoke.streams.upgrade;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** Sockets whose every byte the test decides upon, with TLS or without. */
final class Wire {
  static final ReloadableKeys KEYS = new ReloadableKeys(identity());

  private Wire() {}

  static ServerSocket listen(boolean tls) throws IOException, GeneralSecurityException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    ServerSocket server =
        tls
            ? context().getServerSocketFactory().createServerSocket(0, 50, loopback)
            : new ServerSocket(0, 50, loopback);
    server.setSoTimeout(30_000);
    return server;
  }

  static Socket connect(boolean tls, int port) throws IOException, GeneralSecurityException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    Socket socket =
        tls
            ? context().getSocketFactory().createSocket(loopback, port)
            : new Socket(loopback, port);
    socket.setSoTimeout(30_000);
    return socket;
  }

  /** Makes a head of these lines. */
  static String message(String... lines) {
    return String.join("\r\n", lines) + "\r\n\r\n";
  }

  static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  /** Reads a head up to its empty line, and nothing behind it. */
  static String head(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("ended within a head: " + head);
      }
      head.write(next);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  static String text(Socket socket, int length) throws IOException {
    return new String(socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
  }

  private static Identity identity() {
    return CertificateAuthority.create("ca", Duration.ofDays(1))
        .issue(
            CertificateProfile.server(
                "localhost", SubjectAltNames.of(List.of("localhost")), Duration.ofDays(1)));
  }

  private static SSLContext context() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(new KeyManager[] {KEYS}, new TrustManager[] {Tls.trustAny(List.of())}, null);
    return context;
  }
}
