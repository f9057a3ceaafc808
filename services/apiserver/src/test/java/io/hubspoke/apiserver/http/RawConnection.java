package io.hubspoke.apiserver.http;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** A TLS connection on which a test writes HTTP/1.1 by hand. */
public final class RawConnection implements AutoCloseable {
  private final SSLSocket socket;

  public RawConnection(TestApiserver server, Identity identity) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        identity == null ? null : new KeyManager[] {new ReloadableKeys(identity)},
        new TrustManager[] {Tls.trust(List.of(server.ca.certificate()))},
        null);
    socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    socket.setSoTimeout(20_000);
    socket.startHandshake();
  }

  public static RawConnection asAdmin(TestApiserver server) throws Exception {
    return new RawConnection(
        server, server.ca.issueClient("admin", List.of("system:masters"), TestApiserver.VALIDITY));
  }

  public RawConnection write(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return this;
  }

  /** Reads one answer with a Content-Length; its first line comes first. */
  public String answer() throws IOException {
    StringBuilder head = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        return head.toString();
      }
      head.append((char) b);
    }
    String lower = head.toString().toLowerCase(java.util.Locale.ROOT);
    int at = lower.indexOf("content-length:");
    int length =
        at < 0 ? 0 : Integer.parseInt(lower.substring(at + 15, lower.indexOf('\r', at)).trim());
    return head + new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }

  /** Reads until a text has come, and returns what was read. */
  public String until(String text) throws IOException {
    StringBuilder read = new StringBuilder();
    while (read.indexOf(text) < 0) {
      int b = socket.getInputStream().read();
      if (b < 0) {
        throw new AssertionError("closed after: " + read);
      }
      read.append((char) b);
    }
    return read.toString();
  }

  /** Reads all bytes that are still to come. */
  public byte[] bytes() throws IOException {
    return socket.getInputStream().readAllBytes();
  }

  /** Reads until the other side closes; fails when it doesn't in time. */
  public String rest() throws IOException {
    try {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the server kept the connection", e);
    } catch (java.net.SocketException | javax.net.ssl.SSLException closed) {
      return "";
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
