package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.tokens.CompactToken;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IssuerDiscoveryTest {
  private static final String CONFIGURATION = "/.well-known/openid-configuration";
  private static final String KEYS = "/openid/v1/jwks";

  @Test
  void aServiceAccountReadsWhoIssuesAndWithWhichKeys(@TempDir Path dir) throws Exception {
    try (TokenServer tokens = new TokenServer(dir)) {
      tokens.account("reader");
      String token = tokens.token("reader", Json.object());
      var client = tokens.server.anonymous().withToken(token);
      var configuration = client.get(CONFIGURATION);
      assertThat(configuration.code()).as(configuration.text()).isEqualTo(200);
      ObjectNode document = configuration.json();
      assertThat(document.path("issuer").asText()).isEqualTo(TokenServer.ISSUER);
      assertThat(document.path("jwks_uri").asText())
          .isEqualTo("https://127.0.0.1:" + tokens.server.port() + KEYS);
      assertThat(document.path("id_token_signing_alg_values_supported").toString())
          .isEqualTo("[\"ES256\"]");
      var keys = client.get(KEYS);
      assertThat(keys.response().headers().firstValue("Content-Type"))
          .hasValue("application/jwk-set+json");
      assertThat(keys.json().at("/keys/0/kid").asText())
          .isEqualTo(CompactToken.parse(token).keyId());
      assertThat(keys.json().at("/keys/0/kty").asText()).isEqualTo("EC");
      assertThat(keys.text()).doesNotContain("\"d\"");
    }
  }

  @Test
  void strangersReadNeither(@TempDir Path dir) throws Exception {
    try (TokenServer tokens = new TokenServer(dir)) {
      for (String path : new String[] {CONFIGURATION, KEYS}) {
        assertThat(tokens.server.anonymous().get(path).code()).isEqualTo(403);
        assertThat(tokens.server.client("jane").get(path).code()).isEqualTo(403);
        assertThat(tokens.admin.delete(path).code()).isEqualTo(405);
      }
    }
  }

  @Test
  void anRsaKeyServesAsWell(@TempDir Path dir) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    try (TokenServer tokens = new TokenServer(dir, generator.generateKeyPair(), o -> o)) {
      tokens.account("rsa");
      String token = tokens.token("rsa", Json.object());
      assertThat(CompactToken.parse(token).algorithm()).isEqualTo("RS256");
      assertThat(tokens.code(token)).isEqualTo(200);
      assertThat(tokens.admin.get(KEYS).json().at("/keys/0/n").asText()).isNotEmpty();
    }
  }

  @Test
  void withoutAnIssuerThatIsAUrlThereIsNothingToDiscover(@TempDir Path dir) throws Exception {
    try (TokenServer tokens =
        new TokenServer(
            dir,
            KeyPairs.generate(),
            options ->
                ServiceAccountOptions.of(
                    "the-cluster",
                    options.signingKeyFile(),
                    options.keyFiles().toArray(Path[]::new)))) {
      assertThat(tokens.admin.get(CONFIGURATION).code()).isEqualTo(404);
      assertThat(tokens.admin.get(KEYS).code()).isEqualTo(404);
    }
  }
}
