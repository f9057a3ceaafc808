package io.hubspoke.apiserver.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames of HTTP/2 that no honest client sends, or not in such numbers. */
@Timeout(120)
class HostileFramesTest {
  private static final int MOST_STREAMS = 250;
  private static final String NODES = "/api/v1/nodes?watch=true";
  private static final int END = RawHttp2.END_HEADERS | RawHttp2.END_STREAM;
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    new Limits(
                        Duration.ofSeconds(3),
                        400,
                        200,
                        new ConnectionLimits(
                            100,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(20),
                            Duration.ofSeconds(20)))));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void servesOthersAsBefore() throws Exception {
    assertThat(server.admin().get("/api/v1/nodes").code()).isEqualTo(200);
  }

  static Stream<Arguments> malformed() {
    String[] path = {":path", "/version"};
    return Stream.of(
            with("two paths", path, ":path", "/api/v1/secrets"),
            with("no path"),
            with("an empty path", ":path", ""),
            with("a path without a slash", ":path", "version"),
            with("a line break in the path", ":path", "/version HTTP/1.1\r\nX: y"),
            with("an unknown pseudo-header", path, ":admin", "true"),
            with("a pseudo-header at the end", path, "x", "y", ":scheme", "http"),
            with("two methods", path, ":method", "POST"),
            with("a name in capitals", path, "X-Remote-User", "admin"),
            with("a line break in a value", path, "x", "a\r\nImpersonate-User: admin"),
            with("a line break in a name", path, "x\r\ny", "a"),
            with("a NUL in a value", path, "x", "a\u0000b"),
            with("an empty name", path, "", "a"),
            with("a transfer encoding", path, "transfer-encoding", "chunked"),
            with("a header of connections", path, "connection", "x-admin"),
            with("a body that never comes", path, "content-length", "5"))
        .map(headers -> Arguments.of(headers.getFirst(), headers.subList(1, headers.size())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void aMalformedRequestIsNotAnswered(String what, List<String> headers) throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      client.frame(RawHttp2.HEADERS, END, 1, RawHttp2.headers(headers.toArray(String[]::new)));
      client.flush();
      while (true) {
        RawHttp2.Frame frame = client.next();
        if (frame.type() == RawHttp2.HEADERS) {
          assertThat(RawHttp2.status(frame.payload())).isBetween(400, 599);
          return;
        }
        if (frame.type() == RawHttp2.RST_STREAM || frame.type() == RawHttp2.GO_AWAY) {
          return;
        }
      }
    } catch (EOFException | SSLException | SocketException closed) {
      // That is an answer too.
    }
  }

  @Test
  void moreOrLessBodyThanAnnouncedIsRefused() throws Exception {
    for (String length : List.of("1", "100")) {
      try (var client = RawHttp2.asAdmin(server)) {
        client.frame(
            RawHttp2.HEADERS,
            RawHttp2.END_HEADERS,
            1,
            RawHttp2.headers(
                ":method", "POST",
                ":scheme", "https",
                ":path", "/api/v1/namespaces/default/configmaps",
                ":authority", "x",
                "content-type", "application/json",
                "content-length", length));
        byte[] body =
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"smuggled\"}}"
                .getBytes(US_ASCII);
        client.frame(RawHttp2.DATA, RawHttp2.END_STREAM, 1, body);
        client.flush();
        client.next(RawHttp2.RST_STREAM);
      }
    }
    assertThat(server.admin().get("/api/v1/namespaces/default/configmaps/smuggled").code())
        .isEqualTo(404);
  }

  @Test
  void headersWithoutAnEndEndTheConnection() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      byte[] more = RawHttp2.headers("x-more", "y".repeat(1_000));
      try {
        client.frame(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.get("/version"));
        for (int i = 0; i < 2_000; i++) {
          client.frame(RawHttp2.CONTINUATION, 0, 1, more);
        }
        client.flush();
      } catch (IOException hadEnough) {
        return;
      }
      client.untilEnd();
    }
  }

  @Test
  void emptyContinuationsEndTheConnection() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      try {
        client.frame(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.get("/version"));
        for (int i = 0; i < 5_000; i++) {
          client.frame(RawHttp2.CONTINUATION, 0, 1, new byte[0]);
        }
        client.flush();
      } catch (IOException hadEnough) {
        return;
      }
      client.untilEnd();
    }
  }

  @Test
  void aHeadThatIsHeldBackEndsTheConnection() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      client.frame(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.get("/version"));
      client.flush();
      client.untilEnd();
    }
  }

  @Test
  void aBodyThatIsHeldBackIsTimedOut() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      client.frame(
          RawHttp2.HEADERS,
          RawHttp2.END_HEADERS,
          1,
          RawHttp2.post("/api/v1/namespaces/default/configmaps"));
      client.flush();
      assertThat(RawHttp2.status(client.next(RawHttp2.HEADERS))).isEqualTo(504);
    }
  }

  @Test
  void aFloodOfPingsAndSettingsDoesNotFillTheMemory() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      byte[] ping = new byte[8];
      // What the server answers is not read: it may not keep all of it.
      for (int i = 0; i < 20_000; i++) {
        client.frame(RawHttp2.PING, 0, 0, ping);
        client.frame(RawHttp2.SETTINGS, 0, 0, new byte[] {0, 3, 0, 0, 0, 100});
      }
      client.flush();
      client.untilEnd();
    } catch (SSLException | SocketException hadEnough) {
      // As it should be.
    }
  }

  @Test
  void compressedHeadersCannotGrowWithoutBounds() throws Exception {
    try (var client = RawHttp2.asAdmin(server)) {
      // One value of 4,000 bytes goes into the table; a byte each then repeats it 16,000 times.
      byte[] first = RawHttp2.headers(":method", "GET", ":scheme", "https", ":path", "/version");
      byte[] stored = RawHttp2.headers("x", "y".repeat(3_900));
      stored[0] = 0x40;
      byte[] block = Arrays.copyOf(first, first.length + stored.length + 16_000 / 2);
      System.arraycopy(stored, 0, block, first.length, stored.length);
      Arrays.fill(block, first.length + stored.length, block.length, (byte) 0xbe);
      client.frame(RawHttp2.HEADERS, END, 1, block);
      client.flush();
      while (true) {
        RawHttp2.Frame frame = client.next();
        if (frame.type() == RawHttp2.HEADERS) {
          assertThat(RawHttp2.status(frame.payload())).isBetween(400, 599);
          return;
        }
        if (frame.type() == RawHttp2.RST_STREAM || frame.type() == RawHttp2.GO_AWAY) {
          return;
        }
      }
    } catch (EOFException | SSLException | SocketException closed) {
      // That is an answer too.
    }
  }

  @Test
  void aThousandWatchesOfOneClientAreServedAndDoNotHurtTheOthers() throws Exception {
    var watcher = server.ca.issueClient("w", List.of("system:masters"), TestApiserver.VALIDITY);
    List<RawHttp2> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        var client = new RawHttp2(server, watcher);
        clients.add(client);
        for (int stream = 0; stream < MOST_STREAMS; stream++) {
          client.frame(RawHttp2.HEADERS, END, 2 * stream + 1, RawHttp2.get(NODES));
        }
        client.flush();
      }
      for (RawHttp2 client : clients) {
        for (int stream = 0; stream < MOST_STREAMS; stream++) {
          assertThat(RawHttp2.status(client.next(RawHttp2.HEADERS))).isEqualTo(200);
        }
      }
      var node = io.hubspoke.api.Json.object().put("apiVersion", "v1").put("kind", "Node");
      node.putObject("metadata").put("name", "seen-by-many");

      assertThat(server.admin().post("/api/v1/nodes", node).code()).isEqualTo(201);
      assertThat(server.node("n1").get("/version").code()).isEqualTo(200);

      for (RawHttp2 client : clients) {
        for (int stream = 0; stream < MOST_STREAMS; stream++) {
          assertThat(new String(client.next(RawHttp2.DATA).array(), US_ASCII)).contains("ADDED");
        }
      }
    } finally {
      for (RawHttp2 client : clients) {
        client.close();
      }
    }
  }

  private static List<String> with(String what, String... headers) {
    List<String> all =
        new ArrayList<>(List.of(what, ":method", "GET", ":scheme", "https", ":authority", "x"));
    all.addAll(List.of(headers));
    return all;
  }

  private static List<String> with(String what, String[] path, String... headers) {
    List<String> all = with(what, path);
    all.addAll(List.of(headers));
    return all;
  }
}
