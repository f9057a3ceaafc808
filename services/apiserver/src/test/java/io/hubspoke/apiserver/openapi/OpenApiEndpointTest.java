package io.hubspoke.apiserver.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients ask for before they send anything, over HTTPS. */
class OpenApiEndpointTest {
  @TempDir static Path dir;
  private static TestApiserver server;
  private static Client admin;

  @BeforeAll
  static void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyDocumentOfTheIndexIsThereUnderItsHashForEver() throws Exception {
    JsonNode paths = admin.get("/openapi/v3").json().path("paths");
    assertThat(paths.has("api/v1")).isTrue();
    assertThat(paths.has("apis/networking.k8s.io/v1")).isTrue();
    for (JsonNode entry : paths) {
      String url = entry.path("serverRelativeURL").asText();
      Answer document = admin.get(url);
      assertThat(document.code()).as(url).isEqualTo(200);
      assertThat(document.json().path("openapi").asText()).isEqualTo("3.0.0");
      assertThat(header(document.response(), "cache-control")).contains("immutable");
      assertThat(url).endsWith(header(document.response(), "etag").replace("\"", ""));
    }
    Answer other = admin.get("/openapi/v3/api/v1?hash=0");
    assertThat(other.code()).isEqualTo(301);
    assertThat(header(other.response(), "location"))
        .isEqualTo(paths.path("api/v1").path("serverRelativeURL").asText());
    assertThat(admin.get("/openapi/v3/api/v2").code()).isEqualTo(404);
    assertThat(admin.get("/openapi/v3/../../metrics").code()).isEqualTo(404);
  }

  @Test
  void whoHasADocumentIsToldThatItIsTheSame() throws Exception {
    for (String path : new String[] {"/openapi/v2", "/openapi/v3", "/apis", "/api/v1"}) {
      String tag = header(admin.get(path).response(), "etag");
      var again =
          admin
              .http()
              .send(
                  admin.request(path).header("If-None-Match", tag).build(),
                  BodyHandlers.ofString());
      assertThat(again.statusCode()).as(path).isEqualTo(304);
      assertThat(again.body()).isEmpty();
    }
  }

  @Test
  void versionTwoComesAsJsonOrInTheProtobufThatKubectlReads() throws Exception {
    assertThat(admin.get("/openapi/v2").json().path("swagger").asText()).isEqualTo("2.0");
    var protobuf =
        admin
            .http()
            .send(
                admin
                    .request("/openapi/v2")
                    .header("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
                    .build(),
                BodyHandlers.ofByteArray());
    assertThat(protobuf.statusCode()).isEqualTo(200);
    assertThat(header(protobuf, "content-type"))
        .isEqualTo("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    // Field 1 is the version of the specification.
    assertThat(new String(protobuf.body(), 0, 5, StandardCharsets.ISO_8859_1))
        .isEqualTo("\n\u00032.0");
    var xml =
        admin
            .http()
            .send(
                admin.request("/openapi/v2").header("Accept", "application/xml").build(),
                BodyHandlers.ofString());
    assertThat(xml.statusCode()).isEqualTo(406);
  }

  @Test
  void documentsAreReadAndNothingElse() throws Exception {
    assertThat(admin.send("POST", "/openapi/v2", null).code()).isEqualTo(405);
    assertThat(server.anonymous().get("/openapi/v2").code()).isEqualTo(403);
    assertThat(server.client("jane").get("/openapi/v2").code()).isEqualTo(200);
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }
}
