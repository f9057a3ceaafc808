package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.net.SocketAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** An HTTP CONNECT over TLS, of which only the answer's first line matters. */
final class ConnectRequest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private ConnectRequest() {}

  /**
   * Asks a proxy for a connection as somebody; returns the status line, or how it failed.
   *
   * @param identity null to present no certificate
   */
  static String send(SocketAddress proxy, Identity identity, String authority) {
    try {
      var tls = SSLContext.getInstance("TLS");
      var keys = identity == null ? new ReloadableKeys() : new ReloadableKeys(identity);
      tls.init(new KeyManager[] {keys}, new TrustManager[] {Tls.trustAny(List.of())}, null);
      try (var socket = tls.getSocketFactory().createSocket(proxy.host(), proxy.port())) {
        socket.setSoTimeout((int) TIMEOUT.toMillis());
        socket
            .getOutputStream()
            .write(
                "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                    .formatted(authority)
                    .getBytes(US_ASCII));
        var line =
            new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII)).readLine();
        return line == null ? "closed without an answer" : line;
      }
    } catch (IOException e) {
      return e.getMessage() == null ? e.toString() : e.getMessage();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("no TLS in this JDK", e);
    }
  }
}
