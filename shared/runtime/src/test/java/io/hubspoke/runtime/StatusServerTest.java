package io.hubspoke.runtime;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.StatusServer.Page;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.SilentClients;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatusServerTest {
  private static final InetAddress LOCAL = InetAddress.getLoopbackAddress();

  private final Vertx vertx = Vertx.vertx();
  private int port;

  @BeforeEach
  void start() throws Exception {
    var server =
        new StatusServer(
            vertx, "--health-port", Map.of("/healthz", request -> Page.text(200, "ok")));
    port = Await.result(server.listen(SocketAddress.inetSocketAddress(0, LOCAL.getHostAddress())));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void ofThoseWhoConnectAndSayNothingFewAreKept() throws Exception {
    try (var silent = new SilentClients(new InetSocketAddress(LOCAL, port), 300)) {
      Await.until("those too many are let go", silent::open, open -> open <= 128);
      assertThat(silent.open()).isPositive();
      assertThat(answer("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
          .isEqualTo("HTTP/1.1 200 OK");
    }
  }

  @Test
  void speaksNoHttp2InWhichAPeerCouldHaveAnswersKept() throws Exception {
    // The preface, and a SETTINGS frame (RFC 9113 section 3.4).
    assertThat(answer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"))
        .startsWith("HTTP/2.0 501");
  }

  private String answer(String request) throws Exception {
    try (var socket = new Socket(LOCAL, port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.getBytes(US_ASCII));
      return new String(socket.getInputStream().readNBytes(15), US_ASCII);
    } catch (SocketException closed) {
      return "";
    }
  }
}
