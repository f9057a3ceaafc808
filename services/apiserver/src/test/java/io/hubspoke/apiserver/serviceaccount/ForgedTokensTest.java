package io.hubspoke.apiserver.serviceaccount;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What signatures alone don't tell: each of these tokens is refused over the wire. */
class ForgedTokensTest {
  private static TokenServer tokens;
  private static String uid;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    tokens = new TokenServer(dir);
    uid = tokens.account("victim");
  }

  @AfterAll
  static void stop() {
    tokens.close();
  }

  /** The claims of a token that is accepted. */
  private static ObjectNode genuine() {
    long now = Instant.now().getEpochSecond();
    ObjectNode claims =
        Json.object()
            .put("iss", TokenServer.ISSUER)
            .put("sub", "system:serviceaccount:default:victim")
            .put("iat", now)
            .put("nbf", now)
            .put("exp", now + 3600);
    claims.putArray("aud").add(TokenServer.ISSUER);
    claims
        .putObject("kubernetes.io")
        .put("namespace", "default")
        .putObject("serviceaccount")
        .put("name", "victim")
        .put("uid", uid);
    return claims;
  }

  @Test
  void theGenuineOneIsAccepted() throws Exception {
    assertThat(tokens.code(tokens.signer().sign(genuine()))).isEqualTo(200);
  }

  static Stream<Named<Consumer<ObjectNode>>> changes() {
    long now = Instant.now().getEpochSecond();
    return Stream.of(
        change("expired", claims -> claims.put("exp", now - 61)),
        change("not valid yet", claims -> claims.put("nbf", now + 120)),
        change("issued in the future", claims -> claims.put("iat", now + 120)),
        change("without an end", claims -> claims.remove("exp")),
        change("with an end that is text", claims -> claims.put("exp", "" + (now + 3600))),
        change("with an end that is no number", claims -> claims.putNull("exp")),
        change("with an end out of all time", claims -> claims.put("exp", Long.MAX_VALUE)),
        change("with a negative end", claims -> claims.put("exp", -1)),
        change("of another issuer", claims -> claims.put("iss", "https://elsewhere")),
        change(
            "of an issuer that begins alike",
            claims -> claims.put("iss", TokenServer.ISSUER + "/")),
        change("of no issuer", claims -> claims.remove("iss")),
        change("of issuers", claims -> claims.putArray("iss").add(TokenServer.ISSUER)),
        change("for another audience", claims -> claims.putArray("aud").add("vault")),
        change("for no audience", claims -> claims.putArray("aud")),
        change("without an audience", claims -> claims.remove("aud")),
        change(
            "for an audience that is an object",
            claims -> claims.putObject("aud").put("a", TokenServer.ISSUER)),
        change(
            "with another subject",
            claims -> claims.put("sub", "system:serviceaccount:kube-system:admin")),
        change("with a user as its subject", claims -> claims.put("sub", "kubernetes-admin")),
        change("without a subject", claims -> claims.remove("sub")),
        change("of an account that is not there", claims -> account(claims).put("name", "ghost")),
        change("of an account of another UID", claims -> account(claims).put("uid", "0")),
        change("of an account without a UID", claims -> account(claims).remove("uid")),
        change("without Kubernetes' own claims", claims -> claims.remove("kubernetes.io")),
        change("bound to a pod that is not there", claims -> bind(claims, "pod")),
        change("bound to a secret that is not there", claims -> bind(claims, "secret")),
        change("bound to a node that is not there", claims -> bind(claims, "node")),
        change("bound to nothing that can be read", claims -> own(claims).put("pod", "x")),
        change("of a secret, which holds none", ForgedTokensTest::legacy));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void aTokenIsRefusedThatIs(Consumer<ObjectNode> change) throws Exception {
    ObjectNode claims = genuine();
    change.accept(claims);
    String token = tokens.signer().sign(claims);
    assertThat(tokens.code(token)).isEqualTo(401);
    assertThat(tokens.review(token, List.of()).path("authenticated").asBoolean()).isFalse();
  }

  @Test
  void aForeignSignersTokenIsRefused() throws Exception {
    assertThat(tokens.code(TokenServer.signer(KeyPairs.generate()).sign(genuine()))).isEqualTo(401);
  }

  @Test
  void unsignedAndHmacTokensAreRefused() throws Exception {
    String claims = encode(Json.bytes(genuine()));
    for (String none : List.of("none", "None", "nOnE")) {
      String head = encode(("{\"alg\":\"" + none + "\"}").getBytes(UTF_8));
      assertThat(tokens.code(head + "." + claims + ".")).isEqualTo(401);
      assertThat(tokens.code(head + "." + claims + ".AA")).isEqualTo(401);
    }
    String input = encode("{\"alg\":\"HS256\"}".getBytes(UTF_8)) + "." + claims;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Pem.encode(tokens.pair.getPublic()).getBytes(UTF_8), "HMAC"));
    assertThat(tokens.code(input + "." + encode(mac.doFinal(input.getBytes(UTF_8)))))
        .isEqualTo(401);
  }

  @Test
  void aTokenThatWasAcceptedIsRefusedInAnyOtherSpelling() throws Exception {
    String token = tokens.signer().sign(genuine());
    assertThat(tokens.code(token)).isEqualTo(200);
    for (String other :
        List.of(
            token + "=",
            token + ".",
            token.substring(0, token.length() - 4),
            token.substring(0, token.lastIndexOf('.')),
            token.substring(0, token.lastIndexOf('.') + 1),
            token.replaceFirst("\\.", " ."),
            "." + token,
            token + "," + token,
            token.toUpperCase(java.util.Locale.ROOT))) {
      assertThat(tokens.code(other)).as(other).isEqualTo(401);
    }
    assertThat(tokens.code(token)).isEqualTo(200);
  }

  @Test
  void twoAuthorizationHeadersAreRefused() throws Exception {
    String token = tokens.signer().sign(genuine());
    var client = tokens.server.anonymous();
    for (String second : List.of("Bearer nonsense", "Bearer " + token, "Basic eDp5")) {
      var request =
          client
              .request("/version")
              .header("Authorization", "Bearer " + token)
              .header("Authorization", second)
              .build();
      assertThat(client.http().send(request, BodyHandlers.ofString()).statusCode())
          .as(second)
          .isEqualTo(401);
    }
  }

  @Test
  void aHugeTokenIsRefusedAndTheServerGoesOn() throws Exception {
    String token = tokens.signer().sign(genuine());
    String long16k = token + "A".repeat(20_000);
    assertThat(tokens.code(long16k)).isEqualTo(401);
    assertThat(tokens.code(token)).isEqualTo(200);
  }

  @Test
  void anEndedTokenIsSaidToHaveEnded() throws Exception {
    ObjectNode claims = genuine().put("exp", Instant.now().getEpochSecond() - 100);
    assertThat(tokens.review(tokens.signer().sign(claims), List.of()).path("error").asText())
        .isEqualTo("[invalid bearer token, service account token has expired]");
  }

  @Test
  void aTokenOfASecretCountsWhileTheSecretHoldsIt() throws Exception {
    ObjectNode secret = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    secret.put("type", "kubernetes.io/service-account-token");
    ObjectNode metadata = secret.putObject("metadata").put("name", "kept");
    metadata.putObject("annotations").put("kubernetes.io/service-account.name", "victim");
    ObjectNode claims = genuine();
    legacy(claims);
    String token = tokens.signer().sign(claims);
    secret
        .putObject("data")
        .put("token", Base64.getEncoder().encodeToString(token.getBytes(UTF_8)));
    String path = "/api/v1/namespaces/default/secrets";
    assertThat(tokens.code(token)).as("before there is a secret").isEqualTo(401);
    assertThat(tokens.admin.post(path, secret).code()).isEqualTo(201);
    assertThat(tokens.code(token)).isEqualTo(200);
    assertThat(tokens.whoami(token).path("username").asText())
        .isEqualTo("system:serviceaccount:default:victim");
    ObjectNode now = tokens.admin.get(path + "/kept").json();
    ((ObjectNode) now.path("data")).put("token", "b3RoZXI=");
    assertThat(tokens.admin.put(path + "/kept", now).code()).isEqualTo(200);
    assertThat(tokens.code(token)).as("once the secret holds another").isEqualTo(401);
    tokens.admin.delete(path + "/kept");
    assertThat(tokens.code(token)).isEqualTo(401);
  }

  private static void legacy(ObjectNode claims) {
    String prefix = "kubernetes.io/serviceaccount/";
    claims.put("iss", TokenClaims.LEGACY_ISSUER);
    claims.remove(List.of("aud", "exp", "nbf", "iat", "kubernetes.io"));
    claims
        .put(prefix + "namespace", "default")
        .put(prefix + "secret.name", "kept")
        .put(prefix + "service-account.name", "victim")
        .put(prefix + "service-account.uid", uid);
  }

  private static ObjectNode own(ObjectNode claims) {
    return (ObjectNode) claims.path("kubernetes.io");
  }

  private static ObjectNode account(ObjectNode claims) {
    JsonNode account = own(claims).path("serviceaccount");
    return (ObjectNode) account;
  }

  private static void bind(ObjectNode claims, String kind) {
    own(claims).putObject(kind).put("name", "ghost").put("uid", "1");
  }

  private static Named<Consumer<ObjectNode>> change(String name, Consumer<ObjectNode> change) {
    return Named.of(name, change);
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
