package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** A connection through a server in HTTP-CONNECT mode, over blocking sockets. */
record ConnectSocket(Socket socket, String head) implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;

  static ConnectSocket open(Pki pki, int port, String target)
      throws IOException, GeneralSecurityException {
    var context = SSLContext.getInstance("TLS");
    context.init(
        new KeyManager[] {new ReloadableKeys(pki.identity("client"))},
        new TrustManager[] {Tls.trust(List.of(ForeignServer.CA.certificate()))},
        null);
    return connect(context.getSocketFactory().createSocket("127.0.0.1", port), target);
  }

  private static ConnectSocket connect(Socket socket, String target) throws IOException {
    socket.setSoTimeout(TIMEOUT_MILLIS);
    var request = "CONNECT " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      var next = socket.getInputStream().read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return new ConnectSocket(socket, head.toString());
  }

  void write(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] read(int length) throws IOException {
    return socket.getInputStream().readNBytes(length);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
