package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.testing.Await;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrontTest {
  private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, FrontTest::impatient);
    var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    secret.putObject("metadata").put("name", "s");
    assertThat(server.admin().post(SECRETS, secret).code()).isEqualTo(201);
  }

  private static ApiserverOptions impatient(ApiserverOptions options) {
    return options.with(
        new Limits(
            Duration.ofSeconds(1),
            400,
            2,
            new ConnectionLimits(
                40,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1))));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = Version.class,
      names = {"HTTP_1_1", "HTTP_2"})
  void anAnswerToHeadHasNoBody(Version version) throws Exception {
    var admin = server.admin();
    for (var expected :
        Map.of("/readyz", 200, "/readyz/ping", 200, SECRETS, 405, "/version", 405).entrySet()) {
      var request =
          HttpRequest.newBuilder(URI.create(admin.server() + expected.getKey()))
              .version(version)
              .HEAD()
              .build();
      var answer = admin.http().send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(expected.getKey()).isEqualTo(expected.getValue());
      assertThat(answer.body()).isEmpty();
      assertThat(answer.version()).isEqualTo(version);
    }
  }

  @Test
  void aCollectionIsNeitherReplacedNorPatched() throws Exception {
    var admin = server.admin();
    assertThat(admin.put(SECRETS, Json.object()).code()).isEqualTo(405);
    var patch =
        HttpRequest.newBuilder(URI.create(admin.server() + SECRETS))
            .header("Content-Type", "application/merge-patch+json")
            .method("PATCH", BodyPublishers.ofString("{}"))
            .build();
    assertThat(admin.http().send(patch, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @EnumSource(
      value = Version.class,
      names = {"HTTP_1_1", "HTTP_2"})
  void bothVersionsOfHttpAreServed(Version version) throws Exception {
    var admin = server.admin();
    var request =
        HttpRequest.newBuilder(URI.create(admin.server() + SECRETS + "/s"))
            .version(version)
            .build();
    var response = admin.http().send(request, BodyHandlers.ofString());
    assertThat(response.version()).isEqualTo(version);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Audit-Id")).isPresent();
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-cache, private");
  }

  @Test
  void theVersionIsWhatKubectlReads() throws Exception {
    var version = server.anonymous().get("/version").json();
    assertThat(version.path("major").asText()).isEqualTo("1");
    assertThat(version.path("minor").asText()).isEqualTo("33");
    assertThat(version.path("gitVersion").asText()).matches("v1\\.33\\.\\d+\\+[a-z]+");
  }

  @Test
  void healthTellsEveryCheck() throws Exception {
    var anonymous = server.anonymous();
    assertThat(anonymous.get("/readyz?verbose").text())
        .startsWith("[+]ping ok\n")
        .contains("[+]poststarthook/rbac/bootstrap-roles ok\n")
        .endsWith("readyz check passed\n");
    assertThat(server.admin().get("/readyz/poststarthook/rbac/bootstrap-roles").text())
        .isEqualTo("ok");
    assertThat(server.admin().get("/livez/nonsense").code()).isEqualTo(404);
    assertThat(anonymous.get("/livez/ping").code()).isEqualTo(403);
  }

  @Test
  void whatNothingServesIsNotFound() throws Exception {
    for (String path :
        new String[] {"/nonsense", "/api/v1/nonsense", "/apis/example.com/v1/x", "/api/v2/pods"}) {
      var answer = server.admin().get(path);
      assertThat(answer.code()).as(path).isEqualTo(404);
      assertThat(answer.message()).isEqualTo("the server could not find the requested resource");
      assertThat(answer.json().path("kind").asText()).isEqualTo("Status");
    }
    assertThat(server.client("jane").get("/nonsense").code()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/namespaces/default/configmaps/../../kube-system/secrets/s",
        "/api/v1/namespaces/kube-system/configmaps/%2e%2e/secrets/s",
        "/api/v1/namespaces/kube-system//secrets/s",
        "//api/v1/namespaces/kube-system/secrets/s",
        "/API/v1/namespaces/kube-system/secrets/s",
        "/version/../api/v1/namespaces/kube-system/secrets/s",
        "/version/..%2fapi/v1/namespaces/kube-system/secrets/s",
        "/readyz/../api/v1/namespaces/kube-system/secrets/s",
      })
  void noOtherSpellingOfAPathReachesAnObject(String path) throws Exception {
    try (var admin = RawConnection.asAdmin(server)) {
      assertThat(get(admin, path)).startsWith("HTTP/1.1 404");
      // The connection is still good for the spelling that counts.
      assertThat(get(admin, SECRETS + "/s")).startsWith("HTTP/1.1 200");
    }
    try (var anonymous = new RawConnection(server, null)) {
      assertThat(get(anonymous, path)).startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void anEncodedSlashIsAuthorizedAsWhatItIsServedAs() throws Exception {
    var reader = server.client("system:kube-scheduler");
    assertThat(reader.get("/api/v1/namespaces/default").code()).isEqualTo(200);
    assertThat(reader.get("/api/v1/namespaces/kube-system%2Fsecrets%2Fs").code()).isEqualTo(403);
    assertThat(server.admin().get("/api/v1/namespaces/kube-system%2Fsecrets%2Fs").code())
        .isEqualTo(200);
  }

  @Test
  void aHeadThatIsTooLargeIsRefused() throws Exception {
    assertThat(answerTo("GET /version HTTP/1.1\r\nHost: x\r\nX-Long: " + "x".repeat(100_000)))
        .satisfiesAnyOf(
            answer -> assertThat(answer).contains(" 431 "), answer -> assertThat(answer).isEmpty());
    assertThat(answerTo("GET /version?" + "x".repeat(100_000) + " HTTP/1.1\r\nHost: x"))
        .satisfiesAnyOf(
            answer -> assertThat(answer).contains(" 414 "), answer -> assertThat(answer).isEmpty());
  }

  /** Returns what came before the connection was closed; nothing when that was while sending. */
  private static String answerTo(String head) throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(head + "\r\n\r\n");
      return connection.rest();
    } catch (SocketException closedWhileSending) {
      return "";
    }
  }

  @Test
  void twoLengthsOfOneBodyAreRefused() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(
          "POST "
              + SECRETS
              + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde");
      assertThat(connection.rest()).doesNotStartWith("HTTP/1.1 2");
    }
  }

  @Test
  void aConnectionWithoutAWholeRequestIsClosed() throws Exception {
    try (var silent = RawConnection.asAdmin(server);
        var slow = RawConnection.asAdmin(server)) {
      slow.write("GET /version HTTP/1.1\r\nHost: x\r\n");
      assertThat(silent.rest()).isEmpty();
      assertThat(slow.rest()).isEmpty();
    }
  }

  @Test
  void aConnectionThatNobodyUsesIsClosed() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      assertThat(get(connection, "/version")).startsWith("HTTP/1.1 200");
      assertThat(connection.rest()).isEmpty();
    }
  }

  @Test
  void aQuietWatchOutlivesIdleLimits() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write("GET " + SECRETS + "?watch=true HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(connection.answer()).startsWith("HTTP/1.1 200");
      var admin = server.admin();
      Await.until(
          "the idle and request limits to have passed twice",
          () -> {
            admin.get("/version");
            return System.nanoTime() - BEGAN > Duration.ofSeconds(3).toNanos();
          });
      var secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
      secret.putObject("metadata").put("name", "after-silence");
      assertThat(admin.post(SECRETS, secret).code()).isEqualTo(201);
      assertThat(connection.until("after-silence")).contains("ADDED");
    }
  }

  private static final long BEGAN = System.nanoTime();

  @Test
  void aBodyThatDoesNotComeTimesOut() throws Exception {
    try (var connection = RawConnection.asAdmin(server)) {
      connection.write(
          "POST "
              + SECRETS
              + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
      assertThat(connection.answer()).startsWith("HTTP/1.1 504").contains("\"reason\":\"Timeout\"");
      assertThat(connection.rest()).isEmpty();
    }
  }

  @Test
  void aRefusedBodyLeavesTheConnectionInOrder() throws Exception {
    try (var connection = new RawConnection(server, null)) {
      String body = "{\"kind\":\"Secret\"}";
      for (int i = 0; i < 3; i++) {
        connection.write(
            "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(SECRETS, body.length(), body));
        assertThat(connection.answer()).startsWith("HTTP/1.1 403");
        assertThat(get(connection, "/version")).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void anEndlessUnwantedBodyEndsTheConnection() throws Exception {
    try (var connection = new RawConnection(server, null)) {
      connection.write(
          "POST " + SECRETS + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
      assertThat(connection.answer()).startsWith("HTTP/1.1 403");
      String megabyte = "x".repeat(1024 * 1024);
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  connection.write(megabyte);
                }
              })
          .isInstanceOf(java.io.IOException.class);
    }
  }

  @Test
  void metricsHaveNoSeriesThatAClientMadeUp() throws Exception {
    var admin = server.admin();
    for (int i = 0; i < 20; i++) {
      admin.get("/api/v1/madeup" + i);
      admin.get("/madeup/" + i);
      admin.get("/api/v1/namespaces/ns" + i + "/pods/p/madeup" + i);
    }
    String metrics = admin.get("/metrics").text();
    assertThat(metrics).doesNotContain("madeup");
    assertThat(metrics)
        .contains("apiserver_request_total{")
        .contains("apiserver_request_duration_seconds_bucket{")
        .contains("apiserver_current_inflight_requests{");
    assertThat(server.anonymous().get("/metrics").code()).isEqualTo(403);
  }

  @Test
  void auditIdsAreTheClientsWhereUsable() throws Exception {
    var admin = server.admin();
    var given = admin.request("/version").header("Audit-ID", "mine-1").build();
    assertThat(admin.http().send(given, BodyHandlers.discarding()).headers().firstValue("Audit-Id"))
        .hasValue("mine-1");
    var tooLong = admin.request("/version").header("Audit-ID", "x".repeat(65)).build();
    assertThat(
            admin.http().send(tooLong, BodyHandlers.discarding()).headers().firstValue("Audit-Id"))
        .isPresent()
        .get()
        .isNotEqualTo("x".repeat(65));
  }

  private static String get(RawConnection connection, String path) throws Exception {
    return connection.write("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").answer();
  }
}
