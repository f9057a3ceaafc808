package io.hubspoke.apiserver.authn;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrontProxyTest {
  private static final CertificateAuthority PROXIES =
      CertificateAuthority.create("front-proxy-ca", TestApiserver.VALIDITY);
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    Path ca = dir.resolve("front-proxy-ca.crt");
    Files.writeString(ca, Pem.encode(PROXIES.certificate()));
    server =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    options
                        .authn()
                        .with(RequestHeaderOptions.of(ca, List.of("front-proxy-client")))));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static TestApiserver.Client proxy(String name) throws Exception {
    return server.with(PROXIES.issueClient(name, List.of(), TestApiserver.VALIDITY));
  }

  @Test
  void aProxyIsBelievedWhoItForwardsFor() throws Exception {
    var answer =
        whoami(
            proxy("front-proxy-client"),
            "X-Remote-User",
            "jane",
            "X-Remote-Uid",
            "42",
            "X-Remote-Group",
            "developers",
            "X-Remote-Group",
            "readers",
            "X-Remote-Extra-Acme.com%2Fproject",
            "one",
            "X-Remote-Extra-Acme.com%2Fproject",
            "two");
    ObjectNode who = user(answer);
    assertThat(who.path("username").asText()).isEqualTo("jane");
    assertThat(who.path("uid").asText()).isEqualTo("42");
    assertThat(who.path("groups").toString())
        .isEqualTo("[\"developers\",\"readers\",\"system:authenticated\"]");
    assertThat(who.at("/extra/acme.com~1project").toString()).isEqualTo("[\"one\",\"two\"]");
  }

  @Test
  void anOrdinaryClientsHeadersMeanNothing() throws Exception {
    var answer =
        whoami(
            server.client("mallory"),
            "X-Remote-User",
            "kubernetes-admin",
            "X-Remote-Group",
            "system:masters");
    assertThat(user(answer).path("username").asText()).isEqualTo("mallory");
    assertThat(user(answer).path("groups").toString()).doesNotContain("system:masters");
  }

  @Test
  void anonymousHeadersMeanNothing() throws Exception {
    var answer =
        whoami(server.anonymous(), "x-remote-user", "admin", "x-remote-group", "system:masters");
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).contains("system:anonymous");
  }

  @Test
  void aClientOfTheProxysNameIsNoProxy() throws Exception {
    var answer = whoami(server.client("front-proxy-client"), "X-Remote-User", "kubernetes-admin");
    assertThat(user(answer).path("username").asText()).isEqualTo("front-proxy-client");
  }

  @Test
  void aProxyOfAnotherNameIsUnauthorized() throws Exception {
    assertThat(whoami(proxy("somebody"), "X-Remote-User", "jane").statusCode()).isEqualTo(401);
  }

  @Test
  void aProxyThatNamesNobodyIsUnauthorized() throws Exception {
    assertThat(whoami(proxy("front-proxy-client")).statusCode()).isEqualTo(401);
    assertThat(whoami(proxy("front-proxy-client"), "X-Remote-Group", "system:masters").statusCode())
        .isEqualTo(401);
  }

  @Test
  void twoUsersAreRefused() throws Exception {
    // A client's own header that the proxy passed on, beside the proxy's.
    assertThat(
            whoami(
                    proxy("front-proxy-client"),
                    "X-Remote-User",
                    "kubernetes-admin",
                    "X-Remote-User",
                    "jane")
                .statusCode())
        .isEqualTo(401);
  }

  @Test
  void whoComesByAProxyImpersonatesOnlyWithTheRight() throws Exception {
    assertThat(
            whoami(
                    proxy("front-proxy-client"),
                    "X-Remote-User",
                    "jane",
                    "Impersonate-User",
                    "kubernetes-admin")
                .statusCode())
        .isEqualTo(403);
    var admin =
        whoami(
            proxy("front-proxy-client"),
            "X-Remote-User",
            "root",
            "X-Remote-Group",
            "system:masters",
            "Impersonate-User",
            "jane");
    assertThat(user(admin).path("username").asText()).isEqualTo("jane");
  }

  @Test
  void twoImpersonatedUsersAreRefused() throws Exception {
    assertThat(
            whoami(server.admin(), "Impersonate-User", "jane", "Impersonate-User", "joe")
                .statusCode())
        .isEqualTo(400);
  }

  private static ObjectNode user(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return (ObjectNode) Json.parseObject(answer.body().getBytes(UTF_8)).at("/status/userInfo");
  }

  private static HttpResponse<String> whoami(TestApiserver.Client client, String... headers)
      throws Exception {
    var review =
        Json.object()
            .put("apiVersion", "authentication.k8s.io/v1")
            .put("kind", "SelfSubjectReview");
    var request = client.request("/apis/authentication.k8s.io/v1/selfsubjectreviews");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    request.POST(BodyPublishers.ofByteArray(Json.bytes(review)));
    return client.http().send(request.build(), BodyHandlers.ofString());
  }
}
