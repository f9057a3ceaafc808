package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that never become requests, and HTTP/2 connections that flood. */
class HostileConnectionTest {
  private static final int SETTINGS = 4;
  private static final int RST_STREAM = 3;
  private static final int GO_AWAY = 7;
  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final int ENHANCE_YOUR_CALM = 11;

  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, HostileConnectionTest::impatient);
  }

  private static ApiserverOptions impatient(ApiserverOptions options) {
    return options.with(
        new Limits(
            Duration.ofSeconds(20),
            0,
            0,
            new ConnectionLimits(
                100, Duration.ofSeconds(2), Duration.ofSeconds(20), Duration.ofSeconds(20))));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void servesOthersAsBefore() throws Exception {
    assertThat(server.admin().get("/api/v1/nodes").code()).isEqualTo(200);
  }

  @Test
  void aConnectionWithoutAHandshakeIsClosed() throws Exception {
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), server.port());
        Socket begun = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      silent.setSoTimeout(20_000);
      begun.setSoTimeout(20_000);
      // The head of a TLS record whose body never comes.
      begun.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1});
      assertThat(closed(silent)).isTrue();
      assertThat(closed(begun)).isTrue();
    }
  }

  @Test
  void plainHttpIsNotServed() throws Exception {
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      plain.setSoTimeout(20_000);
      plain
          .getOutputStream()
          .write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(readAll(plain), StandardCharsets.ISO_8859_1))
          .doesNotContain("gitVersion");
    }
  }

  @Test
  void aClientIsToldHowManyStreamsItMayHave() throws Exception {
    try (var client = new Http2()) {
      ByteBuffer settings = client.next(SETTINGS);
      int most = Integer.MAX_VALUE;
      while (settings.remaining() >= 6) {
        int id = settings.getShort();
        int value = settings.getInt();
        most = id == MAX_CONCURRENT_STREAMS ? value : most;
      }
      assertThat(most).isBetween(100, 1_000);
    }
  }

  @Test
  void streamsBeyondTheLimitAreRefused() throws Exception {
    try (var client = new Http2()) {
      // The limit holds once the client has acknowledged it; before, requests in flight do.
      client.next(SETTINGS);
      client.frame(SETTINGS, 1, 0, new byte[0]);
      // Requests whose bodies never come stay open.
      for (int i = 0; i < 1_200; i++) {
        client.frame(1, 4, 2 * i + 1, Http2.POST);
      }
      client.flush();
      ByteBuffer refused = client.next(RST_STREAM);
      assertThat(refused.getInt()).as("REFUSED_STREAM").isEqualTo(7);
    }
  }

  @Test
  void rapidResetsEndTheConnection() throws Exception {
    try (var client = new Http2()) {
      try {
        for (int i = 0; i < 20_000; i++) {
          client.frame(1, 5, 2 * i + 1, Http2.GET);
          client.frame(RST_STREAM, 0, 2 * i + 1, new byte[] {0, 0, 0, 8});
        }
        client.flush();
      } catch (IOException e) {
        // The server has had enough already.
        return;
      }
      ByteBuffer bye = client.next(GO_AWAY);
      bye.getInt();
      assertThat(bye.getInt()).isEqualTo(ENHANCE_YOUR_CALM);
    }
  }

  private static boolean closed(Socket socket) throws IOException {
    readAll(socket);
    return true;
  }

  private static byte[] readAll(Socket socket) throws IOException {
    try {
      return socket.getInputStream().readAllBytes();
    } catch (SocketException reset) {
      return new byte[0];
    }
  }

  /** A client that writes frames by hand (RFC 9113). */
  private static final class Http2 implements AutoCloseable {
    // Indexed fields of HPACK's static table, and :authority x.
    private static final byte[] GET = {(byte) 0x82, (byte) 0x87, (byte) 0x84, 0x41, 1, 'x'};
    private static final byte[] POST = post("/api/v1/namespaces/default/secrets");

    private final SSLSocket socket;
    private final OutputStream out;
    private final DataInputStream in;

    Http2() throws Exception {
      SSLContext context = SSLContext.getInstance("TLS");
      var admin = server.ca.issueClient("admin", List.of("system:masters"), TestApiserver.VALIDITY);
      context.init(
          new KeyManager[] {new ReloadableKeys(admin)},
          new TrustManager[] {Tls.trust(List.of(server.ca.certificate()))},
          null);
      socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
      socket.setSoTimeout(20_000);
      var parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      out = new java.io.BufferedOutputStream(socket.getOutputStream(), 16_384);
      in = new DataInputStream(socket.getInputStream());
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      frame(SETTINGS, 0, 0, new byte[0]);
      flush();
    }

    private static byte[] post(String path) {
      return ByteBuffer.allocate(7 + path.length())
          .put(new byte[] {(byte) 0x83, (byte) 0x87, 4, (byte) path.length()})
          .put(path.getBytes(StandardCharsets.US_ASCII))
          .put(new byte[] {0x41, 1, 'x'})
          .array();
    }

    void frame(int type, int flags, int stream, byte[] payload) throws IOException {
      out.write(
          ByteBuffer.allocate(9 + payload.length)
              .put((byte) 0)
              .putShort((short) payload.length)
              .put((byte) type)
              .put((byte) flags)
              .putInt(stream)
              .put(payload)
              .array());
    }

    void flush() throws IOException {
      out.flush();
    }

    /** Reads frames until one of a type comes, and returns its payload. */
    ByteBuffer next(int wanted) throws IOException {
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        in.skipNBytes(5);
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
          throw new EOFException("closed before a frame of type " + wanted);
        }
        if (type == wanted) {
          return ByteBuffer.wrap(payload);
        }
      }
    }

    @Override
    public void close() throws IOException {
      try {
        socket.close();
      } catch (SSLException e) {
        // What the server sent meanwhile is of no interest.
      }
    }
  }
}
