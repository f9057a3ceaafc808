package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * No component of the mesh speaks without TLS, so that the verdict on encryption is shown to fail
 * on an exchange in clear over a wire of its own.
 */
class PlainWireTest {
  private Vertx vertx;
  private HttpServer server;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 5);
    server.createContext(
        "/",
        exchange -> {
          var answer = exchange.getRequestURI().getPath().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    wire =
        Await.result(
            Wire.open(
                vertx,
                SocketAddress.inetSocketAddress(0, "127.0.0.1"),
                SocketAddress.inetSocketAddress(server.getAddress().getPort(), "127.0.0.1")));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(wire.close());
    server.stop(0);
    Await.result(vertx.close());
  }

  @Test
  void whatCrossesInClearIsNotEncrypted() throws Exception {
    var canary = Checks.canary();
    var recording = Checks.tap(wire);
    get("/" + canary);

    var verdict = Checks.encrypted(recording, canary);
    assertThat(verdict).isInstanceOf(Verdict.Absent.class);
    assertThat(verdict.evidence().path("canaryFound").asText()).isEqualTo("plain");
  }

  @Test
  void whatIsNotTlsIsNeverEncryptedEvenIfTheCanaryDoesNotShow() throws Exception {
    var recording = Checks.tap(wire);
    get("/something-else");

    assertThat(Checks.encrypted(recording, Checks.canary())).isNotInstanceOf(Verdict.Holds.class);
  }

  @Test
  void aTapThatSawNothingProvesNothing() throws Exception {
    var recording = Checks.tap(wire);
    assertThat(Checks.encrypted(recording, Checks.canary()))
        .isInstanceOf(Verdict.Inconclusive.class);
  }

  private void get(String path) throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + wire.address().port() + path))
              .build();
      var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(answer.body()).isEqualTo(path);
    }
  }
}
