package io.hubspoke.apiserver.authn;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.Authn;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthenticationTest {
  private static final String SECRETS = "/api/v1/namespaces/kube-system/secrets";
  private static final String WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aClientCertificateNamesUserAndGroups() throws Exception {
    ObjectNode who = whoami(server.client("jane", "developers", "readers")).json();
    assertThat(who.at("/status/userInfo/username").asText()).isEqualTo("jane");
    assertThat(who.at("/status/userInfo/groups").toString())
        .isEqualTo("[\"developers\",\"readers\",\"system:authenticated\"]");
  }

  @Test
  void aCertificateOfAForeignAuthorityIsUnauthorizedThoughAnonymousIsOn() throws Exception {
    var foreign = CertificateAuthority.create("test-ca", TestApiserver.VALIDITY);
    var answer =
        server
            .with(
                foreign.issueClient(
                    "kubernetes-admin", List.of("system:masters"), Duration.ofHours(1)))
            .get("/version");
    assertThat(answer.code()).isEqualTo(401);
    assertThat(answer.json().path("reason").asText()).isEqualTo("Unauthorized");
    assertThat(answer.message()).isEqualTo("Unauthorized");
  }

  @Test
  void anExpiredCertificateIsUnauthorized() throws Exception {
    Instant now = Instant.now();
    var expired =
        server.ca.issue(
            CertificateProfile.client("jane", List.of("system:masters"), Duration.ofHours(1))
                .valid(now.minusSeconds(3600), now.minusSeconds(1)));
    assertThat(server.with(expired).get("/version").code()).isEqualTo(401);
  }

  @Test
  void aCertificateThatExpiresOnAnOpenConnectionStopsCounting() throws Exception {
    Instant now = Instant.now();
    var brief =
        server.ca.issue(
            CertificateProfile.client("jane", List.of(), Duration.ofHours(1))
                .valid(now.minusSeconds(3600), now.plusSeconds(3)));
    var client = server.with(brief);
    assertThat(client.get("/version").code()).isEqualTo(200);
    io.hubspoke.testing.Await.until("401", () -> client.get("/version").code() == 401);
  }

  @Test
  void aServersCertificateDoesNotAuthenticateAClient() throws Exception {
    var serving =
        server.ca.issue(
            CertificateProfile.server(
                "kubernetes-admin", io.hubspoke.pki.SubjectAltNames.NONE, Duration.ofHours(1)));
    assertThat(server.with(serving).get("/version").code()).isEqualTo(401);
  }

  @Test
  void noCredentialsAreAnonymousWhoSeesVersionAndHealthOnly() throws Exception {
    var anonymous = server.anonymous();
    assertThat(anonymous.get("/version").code()).isEqualTo(200);
    assertThat(anonymous.get("/readyz").text()).isEqualTo("ok");
    var refused = anonymous.get("/api/v1/pods");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API"
                + " group \"\" at the cluster scope");
    assertThat(anonymous.get("/api").message())
        .isEqualTo("forbidden: User \"system:anonymous\" cannot get path \"/api\"");
  }

  @Test
  void withoutAnonymousAuthenticationNobodyIsLetIn(@TempDir Path dir) throws Exception {
    try (var closed =
        new TestApiserver(
            dir, options -> options.with(new Authn(options.authn().clientCaFile(), false, true)))) {
      assertThat(closed.anonymous().get("/version").code()).isEqualTo(401);
      assertThat(closed.admin().get("/version").code()).isEqualTo(200);
    }
  }

  @Test
  void anonymousRequestsMayBeLetInAtSomePathsAlone(@TempDir Path dir) throws Exception {
    var clusterInfo = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
    try (var server =
        new TestApiserver(
            dir,
            options ->
                options.with(options.authn().withAnonymousPaths(Set.of(clusterInfo, "/livez"))))) {
      var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
      map.putObject("metadata").put("name", "cluster-info");
      var maps = "/api/v1/namespaces/kube-public/configmaps";
      assertThat(server.admin().post(maps, map).code()).isEqualTo(201);

      assertThat(server.anonymous().get("/livez").code()).isEqualTo(200);
      assertThat(server.anonymous().get(clusterInfo).code()).isEqualTo(200);
      assertThat(server.anonymous().delete(clusterInfo).code()).isEqualTo(403);
      for (var path : List.of("/readyz", "/version", maps, clusterInfo + "/", "/" + clusterInfo)) {
        assertThat(server.anonymous().get(path).code()).as(path).isEqualTo(401);
      }
      // Credentials that are wrong are no better there.
      assertThat(server.anonymous().withToken("abcdef.0123456789abcdef").get(clusterInfo).code())
          .isEqualTo(401);
    }
  }

  @Test
  void aBootstrapTokenAuthenticatesWithItsGroups() throws Exception {
    secret("abcdef", Map.of("auth-extra-groups", "system:bootstrappers:workers"));
    var who = whoami(server.anonymous().withToken("abcdef.0123456789abcdef"));
    assertThat(who.json().at("/status/userInfo/username").asText())
        .isEqualTo("system:bootstrap:abcdef");
    assertThat(who.json().at("/status/userInfo/groups").toString())
        .isEqualTo(
            "[\"system:bootstrappers\",\"system:bootstrappers:workers\",\"system:authenticated\"]");
    assertThat(
            server
                .anonymous()
                .withToken("abcdef.0123456789abcdef")
                .get("/api/v1/namespaces/kube-system/secrets")
                .code())
        .isEqualTo(403);
  }

  @Test
  void aBootstrapTokenWithAWrongSecretIsUnauthorized() throws Exception {
    secret("wrong0", Map.of());
    assertThat(server.anonymous().withToken("wrong0.0123456789abcdee").get("/version").code())
        .isEqualTo(401);
    assertThat(server.anonymous().withToken("wrong0.0123456789abcdef").get("/version").code())
        .isEqualTo(200);
  }

  @Test
  void anExpiredBootstrapTokenIsUnauthorized() throws Exception {
    secret("expird", Map.of("expiration", Instant.now().minusSeconds(1).toString()));
    assertThat(server.anonymous().withToken("expird.0123456789abcdef").get("/version").code())
        .isEqualTo(401);
  }

  @Test
  void aBootstrapTokenWhoseExpirationCannotBeReadIsUnauthorized() throws Exception {
    secret("garble", Map.of("expiration", "tomorrow"));
    assertThat(server.anonymous().withToken("garble.0123456789abcdef").get("/version").code())
        .isEqualTo(401);
  }

  @Test
  void aBootstrapTokenNotMeantForAuthenticationIsUnauthorized() throws Exception {
    secret("unused", Map.of("usage-bootstrap-authentication", "false"));
    assertThat(server.anonymous().withToken("unused.0123456789abcdef").get("/version").code())
        .isEqualTo(401);
  }

  @Test
  void aBootstrapTokenCannotGiveOtherGroups() throws Exception {
    secret("master", Map.of("auth-extra-groups", "system:masters"));
    assertThat(server.anonymous().withToken("master.0123456789abcdef").get("/version").code())
        .isEqualTo(401);
  }

  @Test
  void aDeletedBootstrapTokenIsUnauthorized() throws Exception {
    secret("delete", Map.of());
    var joining = server.anonymous().withToken("delete.0123456789abcdef");
    assertThat(joining.get("/version").code()).isEqualTo(200);
    assertThat(server.admin().delete(SECRETS + "/bootstrap-token-delete").code()).isEqualTo(200);
    assertThat(joining.get("/version").code()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "abcdef",
        "ABCDEF.0123456789abcdef",
        "a.b",
        "eyJhbGciOiJub25lIn0.e30.",
        "../../../x"
      })
  void anUnknownTokenIsUnauthorized(String token) throws Exception {
    assertThat(server.anonymous().withToken(token).get("/version").code()).isEqualTo(401);
  }

  @Test
  void aBadTokenBesideAGoodCertificateDoesNoHarm() throws Exception {
    // As a union of authenticators has it: the first that recognizes the request wins.
    assertThat(server.client("jane").withToken("nonsense").get("/version").code()).isEqualTo(200);
  }

  @Test
  void aTokenOfTheFileNamesUserAndGroups(@TempDir Path dir) throws Exception {
    Path file = dir.resolve("tokens.csv");
    java.nio.file.Files.writeString(
        file, "s3cr3t,ci,7,\"builders,readers\"\n# a comment\nother,deploy,8\n");
    try (var other =
        new TestApiserver(dir, options -> options.with(options.authn().withTokenAuthFile(file)))) {
      var who = whoami(other.anonymous().withToken("s3cr3t")).json().at("/status/userInfo");
      assertThat(who.path("username").asText()).isEqualTo("ci");
      assertThat(who.path("uid").asText()).isEqualTo("7");
      assertThat(who.path("groups").toString())
          .isEqualTo("[\"builders\",\"readers\",\"system:authenticated\"]");
      assertThat(other.anonymous().withToken("other").get("/version").code()).isEqualTo(200);
      assertThat(other.anonymous().withToken("s3cr3").get("/version").code()).isEqualTo(401);
    }
  }

  private static TestApiserver.Answer whoami(TestApiserver.Client client) throws Exception {
    var answer =
        client.post(
            WHOAMI,
            Json.object()
                .put("apiVersion", "authentication.k8s.io/v1")
                .put("kind", "SelfSubjectReview"));
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return answer;
  }

  private static void secret(String id, Map<String, String> more) throws Exception {
    ObjectNode secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    secret.putObject("metadata").put("name", "bootstrap-token-" + id);
    secret.put("type", "bootstrap.kubernetes.io/token");
    ObjectNode data = secret.putObject("data");
    put(data, "token-id", id);
    put(data, "token-secret", "0123456789abcdef");
    put(data, "usage-bootstrap-authentication", "true");
    more.forEach((key, value) -> put(data, key, value));
    var made = server.admin().post(SECRETS, secret);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
  }

  private static void put(ObjectNode data, String key, String value) {
    data.put(
        key,
        Base64.getEncoder()
            .encodeToString(value.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }
}
