package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that never become requests, and HTTP/2 connections that flood. */
class HostileConnectionTest {
  private static final String SECRETS = "/api/v1/namespaces/default/secrets";
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
                100,
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20))));
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
    try (var client = RawHttp2.asAdmin(server)) {
      ByteBuffer settings = client.next(RawHttp2.SETTINGS);
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
    try (var client = RawHttp2.asAdmin(server)) {
      // The limit holds once the client has acknowledged it; before, requests in flight do.
      client.next(RawHttp2.SETTINGS);
      client.frame(RawHttp2.SETTINGS, 1, 0, new byte[0]);
      // Requests whose bodies never come stay open.
      for (int i = 0; i < 1_200; i++) {
        client.frame(1, 4, 2 * i + 1, RawHttp2.post(SECRETS));
      }
      client.flush();
      ByteBuffer refused = client.next(RawHttp2.RST_STREAM);
      assertThat(refused.getInt()).as("REFUSED_STREAM").isEqualTo(7);
    }
  }

  @Test
  void rapidResetsEndTheConnection() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      try {
        for (int i = 0; i < 20_000; i++) {
          client.frame(1, 5, 2 * i + 1, RawHttp2.get("/"));
          client.frame(RawHttp2.RST_STREAM, 0, 2 * i + 1, new byte[] {0, 0, 0, 8});
        }
        client.flush();
      } catch (IOException e) {
        // The server has had enough already.
        return;
      }
      ByteBuffer bye = client.next(RawHttp2.GO_AWAY);
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
}
