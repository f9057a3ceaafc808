package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.TestApiserver;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of which one server may see the end elsewhere than another ("request smuggling"). */
@Timeout(60)
class FramingTest {
  private static final String POST =
      "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\n";
  private static final String SMUGGLED = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ntransfer-encoding: CHUNKED\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: \r\n chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: \u000bchunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5\u0000\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length\r\n",
        "X: \u0000\r\n",
        "X\u0000: 1\r\n",
        "X: a\rb\r\n",
        "Host: y\r\n",
      })
  void aRequestOfDoubtfulLengthEndsTheConnection(String headers) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(POST + headers + "\r\n0\r\n\r\n" + SMUGGLED);
      assertRefused(connection.rest());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /version HTTP/1.1\r\n\r\n",
        "GET /version HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /version HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /version\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
      })
  void aRequestThatIsNoneEndsTheConnection(String request) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(request + SMUGGLED);
      assertRefused(connection.rest());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "xyz\r\n\r\n",
        "-1\r\n\r\n",
        "fffffffffffffffff\r\n\r\n",
        "5\r\nabcdeX\r\n0\r\n\r\n",
      })
  void aChunkOfDoubtfulLengthEndsTheConnection(String body) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(
          POST
              + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
              + body
              + SMUGGLED);
      assertRefused(connection.rest());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "kubernetes.default.svc", "10.0.0.1:6443", "evil.example.com", ""})
  void theHostHeaderChoosesNothing(String host) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write("GET /version HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      assertThat(connection.answer()).startsWith("HTTP/1.1 200").contains("gitVersion");
    }
  }

  /** The connection has ended, and what came after the doubtful request was not answered. */
  private static void assertRefused(String answers) {
    assertThat(answers).matches("(?s)(HTTP/\\d\\.\\d (400|501) .*)?").doesNotContain("gitVersion");
  }
}
