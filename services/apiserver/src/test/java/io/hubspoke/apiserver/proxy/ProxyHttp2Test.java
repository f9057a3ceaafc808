package io.hubspoke.apiserver.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.http.RawHttp2;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What HTTP/2 can say and HTTP/1, in which it goes on, can't. */
@Timeout(60)
class ProxyHttp2Test {
  private static final String POD_IP = "127.20.203.7";
  private static final String ROOT = "/api/v1/namespaces/default/pods/web/proxy";

  @TempDir Path dir;
  private TestApiserver server;
  private RawBackend backend;

  @BeforeEach
  void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    backend = new RawBackend(POD_IP, null);
    ObjectNode pod =
        Json.parseObject(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
             "spec": {"containers": [{"name": "c", "image": "i",
               "ports": [{"containerPort": %d}]}]}}
            """
                .formatted(backend.port())
                .getBytes(StandardCharsets.UTF_8));
    var admin = server.admin();
    admin.post("/api/v1/namespaces/default/pods", pod);
    pod.putObject("status").put("podIP", POD_IP);
    assertThat(admin.put("/api/v1/namespaces/default/pods/web/status", pod).code()).isEqualTo(200);
  }

  @AfterEach
  void stop() throws Exception {
    backend.close();
    server.close();
  }

  @Test
  void aRequestGoesOnInHttp1() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      send(client, ROOT + "/x?q=1", "x-own", "kept");
      RawBackend.Call call = backend.accept();
      assertThat(call.head())
          .startsWith("GET /x?q=1 HTTP/1.1\r\n")
          .containsIgnoringCase("\r\nhost: x\r\n")
          .containsIgnoringCase("\r\nx-own: kept\r\n")
          .doesNotContain(":method");
      call.answer("HTTP/1.1 204 No Content", "Connection: keep-alive", "Keep-Alive: timeout=5");
      assertThat(RawHttp2.status(client.next(RawHttp2.HEADERS))).isEqualTo(204);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/x?a= HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /smuggled",
        "/x\r\nX-Evil: 1",
        "/x?a\u00e9"
      })
  void aPathThatWouldEndTheRequestLineGoesNowhere(String path) throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      send(client, ROOT + path, "x-own", "kept");
      assertThat(answer(client)).isBetween(400, 499);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "transfer-encoding:chunked|x",
        "x:y|z",
        "transfer-encoding|chunked",
        "connection|upgrade",
        "x-evil|1\r\nX-Smuggled: 1",
        "x evil|1"
      })
  void aHeaderThatWouldBeAnotherInHttp1GoesNowhere(String header) throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      String[] parts = header.split("\\|", 2);
      send(client, ROOT + "/x", parts[0], parts[1]);
      assertThat(answer(client)).isBetween(400, 499);
    }
  }

  /** In HTTP/1 what is beyond the length said would be a request that nobody authorized. */
  @ParameterizedTest
  @ValueSource(strings = {"5", "0", "+5", "5, 5", "-1", "0x5", "99"})
  void aBodyOfAnotherLengthThanItSaysIsNoSecondRequest(String length) throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      client.frame(
          RawHttp2.HEADERS,
          RawHttp2.END_HEADERS,
          1,
          RawHttp2.headers(
              ":method",
              "POST",
              ":scheme",
              "https",
              ":path",
              ROOT + "/x",
              ":authority",
              "x",
              "content-length",
              length));
      client.frame(
          RawHttp2.DATA,
          RawHttp2.END_STREAM,
          1,
          "helloGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      client.flush();
      assertThat(answer(client)).isEqualTo(400);
    }
    assertThat(backend.received()).doesNotContain("/smuggled");
  }

  private static void send(RawHttp2 client, String path, String name, String value)
      throws IOException {
    client.frame(
        RawHttp2.HEADERS,
        RawHttp2.END_HEADERS | RawHttp2.END_STREAM,
        1,
        RawHttp2.headers(
            ":method", "GET", ":scheme", "https", ":path", path, ":authority", "x", name, value));
    client.flush();
  }

  /** Returns the status; 400 for a stream or connection that is ended instead. */
  private static int answer(RawHttp2 client) throws IOException {
    while (true) {
      RawHttp2.Frame frame;
      try {
        frame = client.next();
      } catch (java.io.EOFException closed) {
        return 400;
      }
      switch (frame.type()) {
        case RawHttp2.HEADERS -> {
          return RawHttp2.status(frame.payload());
        }
        case RawHttp2.RST_STREAM, RawHttp2.GO_AWAY -> {
          return 400;
        }
        default -> {}
      }
    }
  }
}
