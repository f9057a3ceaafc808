package io.hubspoke.apiserver.serviceaccount;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.registry.ProtobufClient;
import io.hubspoke.tokens.CompactToken;
import io.kubernetes.client.proto.V1Authentication.TokenRequest;
import io.kubernetes.client.proto.V1Authentication.TokenRequestSpec;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenRequestTest {
  private static TokenServer tokens;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    tokens = new TokenServer(dir);
  }

  @AfterAll
  static void stop() {
    tokens.close();
  }

  @Test
  void aTokenSaysWhoItIsForAndForHowLong() throws Exception {
    String uid = tokens.account("plain");
    Answer answer = tokens.request(tokens.admin, "plain", Json.object());
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    ObjectNode request = answer.json();
    ObjectNode claims = CompactToken.parse(request.at("/status/token").asText()).claims();
    assertThat(claims.path("iss").asText()).isEqualTo(TokenServer.ISSUER);
    assertThat(claims.path("aud").toString()).isEqualTo("[\"" + TokenServer.ISSUER + "\"]");
    assertThat(claims.path("sub").asText()).isEqualTo("system:serviceaccount:default:plain");
    assertThat(claims.path("exp").asLong() - claims.path("iat").asLong()).isEqualTo(3600);
    assertThat(claims.path("nbf")).isEqualTo(claims.path("iat"));
    assertThat(claims.at("/kubernetes.io/namespace").asText()).isEqualTo("default");
    assertThat(claims.at("/kubernetes.io/serviceaccount/name").asText()).isEqualTo("plain");
    assertThat(claims.at("/kubernetes.io/serviceaccount/uid").asText()).isEqualTo(uid);
    assertThat(Instant.parse(request.at("/status/expirationTimestamp").asText()))
        .isEqualTo(Instant.ofEpochSecond(claims.path("exp").asLong()));
    assertThat(request.at("/metadata/name").asText()).isEqualTo("plain");
    assertThat(request.at("/spec/audiences/0").asText()).isEqualTo(TokenServer.ISSUER);
  }

  @Test
  void clientsOfProtobufGetTheirTokensInIt() throws Exception {
    tokens.account("proto");
    var client =
        new ProtobufClient(tokens.admin.http(), path -> URI.create(tokens.admin.server() + path));
    var request =
        TokenRequest.newBuilder()
            .setSpec(TokenRequestSpec.newBuilder().setExpirationSeconds(700))
            .build();
    var answer =
        client.send(
            "POST",
            "/api/v1/namespaces/default/serviceaccounts/proto/token",
            ProtobufClient.envelope("authentication.k8s.io/v1", "TokenRequest", request),
            ProtobufClient.ACCEPT);
    assertThat(answer.code()).isEqualTo(201);
    TokenRequest made = TokenRequest.parseFrom(answer.raw());
    assertThat(tokens.whoami(made.getStatus().getToken()).path("username").asText())
        .isEqualTo("system:serviceaccount:default:proto");
  }

  @Test
  void whoShowsItIsTheAccount() throws Exception {
    String uid = tokens.account("shown");
    String token = tokens.token("shown", Json.object());
    ObjectNode who = tokens.whoami(token);
    assertThat(who.path("username").asText()).isEqualTo("system:serviceaccount:default:shown");
    assertThat(who.path("uid").asText()).isEqualTo(uid);
    assertThat(who.path("groups").toString())
        .isEqualTo(
            "[\"system:serviceaccounts\",\"system:serviceaccounts:default\",\"system:authenticated\"]");
    assertThat(who.at("/extra/authentication.kubernetes.io~1credential-id/0").asText())
        .isEqualTo("JTI=" + CompactToken.parse(token).claims().path("jti").asText());
  }

  @Test
  void aTokenBoundToAPodNamesItAndItsNode() throws Exception {
    tokens.account("runner");
    String nodeUid = tokens.node("worker");
    String podUid = tokens.pod("running", "runner", "worker");
    ObjectNode who =
        tokens.whoami(tokens.token("runner", TokenServer.boundTo("Pod", "running", podUid)));
    ObjectNode extra = (ObjectNode) who.path("extra");
    assertThat(extra.path("authentication.kubernetes.io/pod-name").path(0).asText())
        .isEqualTo("running");
    assertThat(extra.path("authentication.kubernetes.io/pod-uid").path(0).asText())
        .isEqualTo(podUid);
    assertThat(extra.path("authentication.kubernetes.io/node-name").path(0).asText())
        .isEqualTo("worker");
    assertThat(extra.path("authentication.kubernetes.io/node-uid").path(0).asText())
        .isEqualTo(nodeUid);
  }

  @Test
  void aTokenEndsWithItsPod() throws Exception {
    tokens.account("mortal");
    String uid = tokens.pod("brief", "mortal", null);
    String token = tokens.token("mortal", TokenServer.boundTo("Pod", "brief", uid));
    assertThat(tokens.code(token)).isEqualTo(200);
    tokens.admin.delete("/api/v1/namespaces/default/pods/brief?gracePeriodSeconds=0");
    assertThat(tokens.code(token)).isEqualTo(401);
    tokens.pod("brief", "mortal", null);
    assertThat(tokens.code(token)).as("a later pod of the same name").isEqualTo(401);
  }

  @Test
  void aTokenEndsWithItsSecretAndItsNode() throws Exception {
    tokens.account("bound");
    ObjectNode secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    secret.putObject("metadata").put("name", "anchor");
    tokens.admin.post("/api/v1/namespaces/default/secrets", secret);
    tokens.node("anchor");
    String bySecret = tokens.token("bound", TokenServer.boundTo("Secret", "anchor", null));
    String byNode = tokens.token("bound", TokenServer.boundTo("Node", "anchor", null));
    assertThat(tokens.code(bySecret)).isEqualTo(200);
    assertThat(tokens.code(byNode)).isEqualTo(200);
    tokens.admin.delete("/api/v1/namespaces/default/secrets/anchor");
    tokens.admin.delete("/api/v1/nodes/anchor");
    assertThat(tokens.code(bySecret)).isEqualTo(401);
    assertThat(tokens.code(byNode)).isEqualTo(401);
  }

  @Test
  void aTokenEndsWithItsAccountAndIsNotTheNextOnes() throws Exception {
    tokens.account("again");
    String token = tokens.token("again", Json.object());
    assertThat(tokens.code(token)).isEqualTo(200);
    tokens.admin.delete("/api/v1/namespaces/default/serviceaccounts/again");
    assertThat(tokens.code(token)).isEqualTo(401);
    tokens.account("again");
    assertThat(tokens.code(token)).isEqualTo(401);
    assertThat(tokens.review(token, List.of()).path("error").asText())
        .contains("does not match claim");
  }

  @Test
  void anotherUidOfTheBoundObjectIsAConflict() throws Exception {
    tokens.account("careful");
    tokens.pod("other", "careful", null);
    Answer answer =
        tokens.request(
            tokens.admin, "careful", TokenServer.boundTo("Pod", "other", "not-this-one"));
    assertThat(answer.code()).isEqualTo(409);
    assertThat(answer.message())
        .contains("the UID in the bound object reference (not-this-one) does not match");
  }

  @Test
  void aPodOfAnotherAccountBindsNothing() throws Exception {
    tokens.account("owner");
    tokens.account("thief");
    tokens.pod("owned", "owner", null);
    Answer answer =
        tokens.request(tokens.admin, "thief", TokenServer.boundTo("Pod", "owned", null));
    assertThat(answer.code()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "cannot bind token for serviceaccount \"thief\" to pod running with different"
                + " serviceaccount name.");
  }

  @Test
  void whatIsNotThereIsNotFound() throws Exception {
    assertThat(tokens.request(tokens.admin, "nobody", Json.object()).message())
        .isEqualTo("serviceaccounts \"nobody\" not found");
    tokens.account("lonely");
    assertThat(
            tokens
                .request(tokens.admin, "lonely", TokenServer.boundTo("Pod", "missing", null))
                .message())
        .isEqualTo("pods \"missing\" not found");
    assertThat(
            tokens
                .request(tokens.admin, "lonely", TokenServer.boundTo("ConfigMap", "x", null))
                .code())
        .isEqualTo(400);
  }

  @Test
  void timesOutsideTheBoundsAreRefused() throws Exception {
    tokens.account("timed");
    Answer brief =
        tokens.request(tokens.admin, "timed", Json.object().put("expirationSeconds", 599));
    assertThat(brief.code()).isEqualTo(422);
    assertThat(brief.message())
        .contains(
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10"
                + " minutes");
    Answer eternal =
        tokens.request(
            tokens.admin, "timed", Json.object().put("expirationSeconds", (1L << 32) + 1));
    assertThat(eternal.message()).contains("may not specify a duration larger than 2^32 seconds");
    assertThat(
            tokens
                .request(tokens.admin, "timed", Json.object().put("expirationSeconds", "1h"))
                .code())
        .isEqualTo(422);
  }

  @Test
  void theServersLongestTimeHolds(@TempDir Path dir) throws Exception {
    try (TokenServer strict =
        new TokenServer(
            dir,
            io.hubspoke.pki.KeyPairs.generate(),
            options ->
                new ServiceAccountOptions(
                    options.keyFiles(),
                    options.signingKeyFile(),
                    options.issuers(),
                    List.of(),
                    true,
                    Duration.ofHours(2),
                    true,
                    null))) {
      strict.account("greedy");
      Answer answer =
          strict.request(strict.admin, "greedy", Json.object().put("expirationSeconds", 86400));
      ObjectNode claims = CompactToken.parse(answer.json().at("/status/token").asText()).claims();
      assertThat(claims.path("exp").asLong() - claims.path("iat").asLong()).isEqualTo(7200);
      assertThat(answer.response().headers().firstValue("Warning"))
          .hasValue("299 - \"requested expiration of 86400 seconds shortened to 7200 seconds\"");
    }
  }

  @Test
  void aPodsOwnTokenLivesLongerThanItSaysAndWarns() throws Exception {
    tokens.account("legacyclient");
    String uid = tokens.pod("old", "legacyclient", null);
    ObjectNode spec = TokenServer.boundTo("Pod", "old", uid).put("expirationSeconds", 3607);
    Answer answer = tokens.request(tokens.admin, "legacyclient", spec);
    ObjectNode claims = CompactToken.parse(answer.json().at("/status/token").asText()).claims();
    long issued = claims.path("iat").asLong();
    assertThat(claims.path("exp").asLong() - issued).isEqualTo(365L * 24 * 3600);
    assertThat(claims.at("/kubernetes.io/warnafter").asLong() - issued).isEqualTo(3607);
    assertThat(Instant.parse(answer.json().at("/status/expirationTimestamp").asText()))
        .isEqualTo(Instant.ofEpochSecond(issued + 3607));
  }

  @Test
  void aTokenForAnotherAudienceIsNotTheApis() throws Exception {
    tokens.account("outward");
    String token =
        tokens.token(
            "outward", (ObjectNode) Json.parse("{\"audiences\":[\"vault\"]}".getBytes(UTF_8)));
    assertThat(tokens.code(token)).isEqualTo(401);
    ObjectNode vaults = tokens.review(token, List.of("vault", "other"));
    assertThat(vaults.path("authenticated").asBoolean()).isTrue();
    assertThat(vaults.path("audiences").toString()).isEqualTo("[\"vault\"]");
    assertThat(vaults.at("/user/username").asText())
        .isEqualTo("system:serviceaccount:default:outward");
    assertThat(tokens.review(token, List.of()).path("authenticated").asBoolean()).isFalse();
    assertThat(tokens.review(token, List.of("elsewhere")).path("authenticated").asBoolean())
        .isFalse();
  }

  @Test
  void onlyWhoMayCreatesTokens() throws Exception {
    tokens.account("guarded");
    Answer refused = tokens.request(tokens.server.client("jane"), "guarded", Json.object());
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .contains(
            "cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace");
    assertThat(tokens.admin.get("/api/v1/namespaces/default/serviceaccounts/guarded/token").code())
        .isEqualTo(405);
  }

  @Test
  void aNodeGetsTokensForItsOwnPodsAlone() throws Exception {
    tokens.node("node-a");
    tokens.account("kept");
    String mine = tokens.pod("mine", "kept", "node-a");
    String others = tokens.pod("others", "kept", "node-b");
    var node = tokens.server.node("node-a");
    Answer given = tokens.request(node, "kept", TokenServer.boundTo("Pod", "mine", mine));
    assertThat(given.code()).as(given.text()).isEqualTo(201);
    assertThat(tokens.request(node, "kept", Json.object()).message())
        .contains("node requested token not bound to a pod");
    assertThat(tokens.request(node, "kept", TokenServer.boundTo("Pod", "mine", null)).message())
        .contains("node requested token with a pod binding without a uid");
    assertThat(tokens.request(node, "kept", TokenServer.boundTo("Pod", "mine", "no")).code())
        .isEqualTo(403);
    assertThat(tokens.request(node, "kept", TokenServer.boundTo("Pod", "others", others)).message())
        .contains("node requested token bound to a pod scheduled on a different node");
    ObjectNode elsewhere = TokenServer.boundTo("Pod", "mine", mine);
    elsewhere.putArray("audiences").add("vault");
    assertThat(tokens.request(node, "kept", elsewhere).message())
        .contains("audience \"vault\" not found in pod spec volume");
    tokens.account("foreign");
    assertThat(tokens.request(node, "foreign", TokenServer.boundTo("Pod", "mine", mine)).message())
        .contains("no relationship found between node 'node-a' and this object");
  }
}
