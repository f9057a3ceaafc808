package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are made to mislead or to exhaust. */
@Timeout(120)
class HostileRequestTest {
  private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final int MEGABYTE = 1024 * 1024;
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    secret.putObject("metadata").put("name", "s");
    secret.putObject("stringData").put("k", "treasure");
    assertThat(server.admin().post(SECRETS, secret).code()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void servesOthersAsBefore() throws Exception {
    assertThat(server.admin().get("/api/v1/nodes").code()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/namespaces/kube-system/secrets/s;x=1",
        "/api/v1/namespaces/kube-system/secrets;/s",
        "/api/v1/namespaces/kube-system/secrets/s%00",
        "/api/v1/namespaces/kube-system/secrets/s%00.json",
        "/api/v1/namespaces/kube-system/secrets/%c0%ae%c0%ae/secrets/s",
        "/api/v1/namespaces/kube-system%c0%afsecrets/s",
        "/api/v1/namespaces/kube-system/secrets/%252e%252e/secrets/s",
        "/api/v1/namespaces/default/%2e%2e/kube-system/secrets/s",
        "/api/v1/namespaces/default/pods/x/../../../kube-system/secrets/s",
        "/api/v1/namespaces/kube-system/secrets/./s",
        "/api/v1/namespaces/kube-system/secrets/s/",
        "/api/v1/namespaces/kube-system/secrets/s%20",
        "/api/v1/namespaces/kube-system/secrets/s%0d%0aX:%20y",
        "/api/v1/namespaces/kube-system/secrets/s%ef%bc%8f",
        "/api/v1/namespaces/kube-system/SECRETS/s",
        "/Api/v1/namespaces/kube-system/secrets/s",
        "/api/V1/namespaces/kube-system/secrets/s",
        "/api/v1/namespaces/KUBE-SYSTEM/secrets/s",
        "/api/v1/namespaces/kube-system/secrets\\s",
        "/api/v1/namespaces/kube-system/secrets%5cs",
        "/apis//v1/namespaces/kube-system/secrets/s",
        "/apis/core/v1/namespaces/kube-system/secrets/s",
        "/healthz/../api/v1/namespaces/kube-system/secrets/s",
        "/healthz/%2e%2e/api/v1/namespaces/kube-system/secrets/s",
        "/version%2f..%2fapi%2fv1%2fnamespaces%2fkube-system%2fsecrets%2fs",
        "https://elsewhere/version/../api/v1/namespaces/kube-system/secrets/s",
      })
  void noSpellingOfAPathTellsAStrangerASecret(String path) throws Exception {
    try (var anonymous = new RawConnection(server, null)) {
      anonymous.write("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(anonymous.rest()).matches("(?s)HTTP/1.1 4.*").doesNotContain("dHJlYXN1cmU");
    }
    // Who may read pods may read no secrets by way of them.
    var reader = server.client("system:kube-scheduler");
    try (var connection =
        new RawConnection(
            server,
            server.ca.issueClient(
                "system:kube-scheduler", java.util.List.of(), TestApiserver.VALIDITY))) {
      connection.write("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(connection.rest()).doesNotContain("dHJlYXN1cmU");
    }
    assertThat(reader.get(SECRETS + "/s").code()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", ".", "a/b", "a%2fb", "a\u0000", "A", "a;b", "a\\\\b", "\u212a"})
  void noObjectGetsANameThatIsAPath(String name) throws Exception {
    for (String field : new String[] {"name", "namespace", "generateName"}) {
      var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
      map.putObject("metadata").put(field, name);
      var answer = server.admin().post(MAPS, map);
      assertThat(answer.code()).as(field + " " + name).isIn(400, 422);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONNECT 10.0.0.1:443",
        "OPTIONS *",
        "TRACE /version",
        "GET *",
        "FOO /api/v1/nodes",
        "get /api/v1/nodes",
      })
  void otherMethodsGetNowhere(String line) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      assertThat(connection.rest()).matches("(?s)(HTTP/1.1 [45].*)?");
    }
  }

  @Test
  void aConnectionIsNotUpgradedToHttp2() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(
          """
          GET /version HTTP/1.1\r
          Host: x\r
          Connection: Upgrade, HTTP2-Settings\r
          Upgrade: h2c\r
          HTTP2-Settings: AAMAAABkAAQAAP__\r
          \r
          """);
      assertThat(connection.answer()).startsWith("HTTP/1.1 200");
      connection.write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(connection.answer()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aHundredMegabytesAreRefusedBeforeTheyAreRead() throws Exception {
    try (var announced = RawConnection.asAdmin(server)) {
      announced.write(head("Content-Length: " + 100 * MEGABYTE));
      assertThat(announced.answer()).startsWith("HTTP/1.1 413");
    }
    try (var chunked = RawConnection.asAdmin(server)) {
      chunked.write(head("Transfer-Encoding: chunked"));
      String chunk = "100000\r\n" + "x".repeat(MEGABYTE) + "\r\n";
      int sent = 0;
      try {
        while (sent < 100) {
          chunked.write(chunk);
          sent++;
        }
      } catch (IOException closed) {
        // No more is wanted.
      }
      assertThat(sent).as("megabytes that were taken").isLessThan(50);
    }
  }

  @Test
  void aBodyThatUnpacksToMuchIsNotUnpacked() throws Exception {
    var packed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(packed)) {
      gzip.write(
          "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"x\":\""
              .getBytes(StandardCharsets.US_ASCII));
      byte[] blank = " ".repeat(MEGABYTE).getBytes(StandardCharsets.US_ASCII);
      for (int i = 0; i < 200; i++) {
        gzip.write(blank);
      }
      gzip.write("\"}".getBytes(StandardCharsets.US_ASCII));
    }
    var admin = server.admin();
    for (String encoding : new String[] {"gzip", "deflate", "br", "gzip, gzip"}) {
      var request =
          admin
              .request(MAPS)
              .header("Content-Type", "application/json")
              .header("Content-Encoding", encoding)
              .POST(BodyPublishers.ofByteArray(packed.toByteArray()))
              .build();
      assertThat(admin.http().send(request, BodyHandlers.ofString()).statusCode())
          .as(encoding)
          .isIn(400, 415);
    }
  }

  @Test
  void deepAndWideBodiesAreRefusedOrRead() throws Exception {
    var admin = server.admin();
    for (String body :
        new String[] {
          "[".repeat(100_000),
          "{\"a\":".repeat(100_000),
          "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"labels\":{"
              + IntStream.range(0, 30_000)
                  .mapToObj(i -> "\"k" + i + "\":\"\"")
                  .collect(Collectors.joining(","))
              + "}}}",
          "{\"kind\":\"ConfigMap\",\"x\":" + "9".repeat(1_000_000) + "}",
          "{\"kind\":\"ConfigMap\",\"x\":1e999999999}",
          "{\"kind\":\"ConfigMap\",\"x\":\"" + "\\u0000".repeat(100_000) + "\"}"
        }) {
      var request =
          admin
              .request(MAPS)
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofString(body))
              .build();
      assertThat(admin.http().send(request, BodyHandlers.ofString()).statusCode())
          .as(body.substring(0, 30))
          .isIn(400, 413, 422);
    }
  }

  @Test
  void longSelectorsAreAnsweredInTime() throws Exception {
    var admin = server.admin();
    String many =
        IntStream.range(0, 3_000).mapToObj(i -> "k" + i + "!=v").collect(Collectors.joining(","));
    String set =
        "k in ("
            + IntStream.range(0, 8_000).mapToObj(i -> "v" + i).collect(Collectors.joining(","))
            + ")";
    for (String selector : new String[] {many, set, "(".repeat(10_000), ",".repeat(10_000)}) {
      String path =
          "/api/v1/secrets?labelSelector=" + URLEncoder.encode(selector, StandardCharsets.UTF_8);
      assertThat(admin.get(path).code()).isIn(200, 400);
      path = "/api/v1/secrets?fieldSelector=" + URLEncoder.encode(selector, StandardCharsets.UTF_8);
      assertThat(admin.get(path).code()).isIn(200, 400);
    }
  }

  @Test
  void manyHeadersAndParametersAreRefusedOrRead() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      String headers =
          IntStream.range(0, 4_000)
              .mapToObj(i -> "x" + i + ": y\r\n")
              .collect(Collectors.joining());
      connection.write("GET /version HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
      assertThat(connection.answer()).startsWith("HTTP/1.1 200");
    }
    var admin = server.admin();
    String query =
        IntStream.range(0, 5_000).mapToObj(i -> "a" + i + "=").collect(Collectors.joining("&"));
    // What is beyond the number that is read would be left out, and the request another one.
    assertThat(admin.get("/api/v1/nodes?" + query + "&limit=1").code()).isEqualTo(400);
  }

  private static String head(String length) {
    return "POST "
        + MAPS
        + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + length
        + "\r\n\r\n";
  }
}
