package io.hubspoke.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.Pem;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenAttacksTest {
  private static final KeyPair EC = pair("EC", 256);
  private static final KeyPair RSA = pair("RSA", 2048);
  private static final KeyPair FOREIGN = pair("EC", 256);
  private static final ObjectNode CLAIMS =
      Json.object().put("iss", "https://hub").put("sub", "system:serviceaccount:a:b");

  static Stream<Named<KeyPair>> pairs() {
    return Stream.of(Named.of("EC P-256", EC), Named.of("RSA 2048", RSA));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whatAKeySignedItsPublicPartVerifies(KeyPair pair) throws Exception {
    String token = signer(pair).sign(CLAIMS);
    assertThat(verify(token, EC, RSA)).isEqualTo(CLAIMS);
    assertThat(CompactToken.parse(token).keyId()).isEqualTo(TokenKey.of(pair.getPublic()).id());
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void aTokenWithoutKeyIdIsTriedWithEveryKey(KeyPair pair) throws Exception {
    String token = forged("{\"alg\":\"" + algorithm(pair) + "\"}", CLAIMS.toString(), pair);
    assertThat(verify(token, FOREIGN, EC, RSA)).isEqualTo(CLAIMS);
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void aForeignSignerIsRefused(KeyPair pair) {
    String token = signer(pair).sign(CLAIMS);
    refused(token, "no keys found", FOREIGN);
  }

  @Test
  void aForeignSignerThatNamesOurKeyIsRefused() throws Exception {
    String kid = TokenKey.of(EC.getPublic()).id();
    String token =
        forged("{\"alg\":\"ES256\",\"kid\":\"" + kid + "\"}", CLAIMS.toString(), FOREIGN);
    refused(token, "invalid signature", EC, RSA);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "None", "NONE", "nOnE", ""})
  void anUnsignedTokenIsRefused(String algorithm) {
    String head = encode("{\"alg\":\"" + algorithm + "\"}");
    refused(head + "." + encode(CLAIMS.toString()) + ".", "invalid signature", EC, RSA);
    refused(head + "." + encode(CLAIMS.toString()) + ".AA", "invalid signature", EC, RSA);
    refused(head + "." + encode(CLAIMS.toString()), "not of the form", EC, RSA);
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void anHmacWithThePublicKeyAsItsSecretIsRefused(KeyPair pair) throws Exception {
    String kid = TokenKey.of(pair.getPublic()).id();
    for (String algorithm : List.of("HS256", "HS384", "HS512")) {
      for (byte[] secret :
          List.of(
              pair.getPublic().getEncoded(),
              Pem.encode(pair.getPublic()).getBytes(UTF_8),
              Pem.encode(pair.getPublic()).strip().getBytes(UTF_8),
              Json.bytes(TokenKey.of(pair.getPublic()).jwk()))) {
        for (String header :
            List.of(
                "{\"alg\":\"" + algorithm + "\",\"kid\":\"" + kid + "\"}",
                "{\"alg\":\"" + algorithm + "\"}")) {
          String input = encode(header) + "." + encode(CLAIMS.toString());
          Mac mac = Mac.getInstance("HmacSHA" + algorithm.substring(2));
          mac.init(new SecretKeySpec(secret, "HMAC"));
          String token = input + "." + encode(mac.doFinal(input.getBytes(UTF_8)));
          refused(token, "invalid signature", EC, RSA);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../../dev/null",
        "/etc/kubernetes/pki/sa.pub",
        "' OR '1'='1",
        "x' UNION SELECT 'key' --",
        "missing",
        "0",
        "*"
      })
  void aKeyIdThatIsNoneOfOursFindsNoKey(String kid) throws Exception {
    ObjectNode header = Json.object().put("alg", "ES256").put("kid", kid);
    refused(forged(header.toString(), CLAIMS.toString(), EC), "no keys found", EC, RSA);
  }

  @Test
  void aKeyIdOfAnotherKeyIsNoWayRound() throws Exception {
    ObjectNode header =
        Json.object().put("alg", "ES256").put("kid", TokenKey.of(RSA.getPublic()).id());
    refused(forged(header.toString(), CLAIMS.toString(), EC), "invalid signature", EC, RSA);
  }

  @Test
  void anAlgorithmOfTheSameKeyThatIsNotTheOneIsRefused() throws Exception {
    String input = encode("{\"alg\":\"RS512\"}") + "." + encode(CLAIMS.toString());
    Signature signature = Signature.getInstance("SHA512withRSA");
    signature.initSign(RSA.getPrivate());
    signature.update(input.getBytes(UTF_8));
    refused(input + "." + encode(signature.sign()), "invalid signature", EC, RSA);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"crit\":[\"exp\"]",
        "\"jwk\":{\"kty\":\"EC\"}",
        "\"jku\":\"https://attacker/jwks\"",
        "\"x5c\":[\"MIIB\"]",
        "\"x5u\":\"https://attacker/cert\"",
        "\"b64\":false",
        "\"zip\":\"DEF\"",
        "\"nonce\":\"x\"",
        "\"typ\":\"JWE\"",
        "\"typ\":1",
        "\"alg\":\"none\"",
        "\"kid\":[\"a\"]"
      })
  void aHeaderThatWantsSomethingElseIsRefused(String member) throws Exception {
    String token = forged("{\"alg\":\"ES256\"," + member + "}", CLAIMS.toString(), EC);
    refused(token, "token ", EC, RSA);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"sub\":\"a\",\"sub\":\"b\"}",
        "{\"sub\":\"a\",\"k\":{\"x\":1,\"x\":2}}",
        "[]",
        "\"sub\"",
        "{\"sub\":\"a\"} {}",
        "{\"sub\":}",
        ""
      })
  void claimsThatCanBeReadInTwoWaysOrNoneAreRefused(String claims) throws Exception {
    refused(forged("{\"alg\":\"ES256\"}", claims, EC), "token ", EC, RSA);
  }

  @Test
  void oneTokenHasOneSpelling() {
    String token = signer(EC).sign(CLAIMS);
    refused(token + "=", "base64url", EC);
    refused(token + "==", "base64url", EC);
    refused(token + " ", "base64url", EC);
    refused(token + "\n", "base64url", EC);
    refused(token.replaceFirst("\\.", "=."), "base64url", EC);
    refused(token.replaceFirst("\\.", "\t."), "base64url", EC);
    refused(token + ".", "not of the form", EC);
    refused("." + token, "not of the form", EC);
    refused(token.substring(0, token.length() - 10), "token signature|invalid signature", EC);
    refused(token.substring(0, token.lastIndexOf('.') + 1), "invalid signature", EC);
    refused(token.substring(0, token.lastIndexOf('.')), "not of the form", EC);
  }

  @Test
  void anEllipticSignatureOfZerosIsRefused() throws Exception {
    String input = encode("{\"alg\":\"ES256\"}") + "." + encode(CLAIMS.toString());
    refused(input + "." + encode(new byte[64]), "invalid signature", EC);
    refused(input + "." + encode(new byte[0]), "invalid signature", EC);
  }

  @Test
  void aHugeTokenIsNotLookedAt() {
    refused("a".repeat(CompactToken.MAX_LENGTH) + ".b.c", "longer than", EC);
    assertThatCode(() -> CompactToken.hasForm("x".repeat(1 << 20))).doesNotThrowAnyException();
  }

  @Test
  void deeplyNestedClaimsAreRefused() throws Exception {
    String claims = "{\"a\":".repeat(40) + "1" + "}".repeat(40);
    refused(forged("{\"alg\":\"ES256\"}", claims, EC), "malformed", EC);
  }

  @Test
  void aSmallRsaKeySignsNoTokens() {
    KeyPair small = pair("RSA", 1024);
    assertThatThrownBy(() -> TokenKey.of(small.getPublic()))
        .hasMessage("an RSA key of 1024 bits signs no tokens; 2048 are needed");
  }

  private static void refused(String token, String why, KeyPair... keys) {
    assertThatThrownBy(() -> verify(token, keys))
        .isInstanceOf(TokenException.class)
        .hasMessageMatching("(?s).*(" + why + ").*");
  }

  private static ObjectNode verify(String token, KeyPair... pairs) throws TokenException {
    List<TokenKey> keys = Stream.of(pairs).map(KeyPair::getPublic).map(TokenKey::of).toList();
    return new TokenVerifier(null, keys).verify(CompactToken.parse(token));
  }

  private static TokenSigner signer(KeyPair pair) {
    return new TokenSigner(null, TokenKey.of(pair.getPublic()), pair.getPrivate());
  }

  /** Signs what the class under test would not. */
  private static String forged(String header, String claims, KeyPair pair) throws Exception {
    String input = encode(header) + "." + encode(claims);
    PrivateKey key = pair.getPrivate();
    Signature signature =
        Signature.getInstance(
            key.getAlgorithm().equals("EC") ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
    signature.initSign(key);
    signature.update(input.getBytes(UTF_8));
    return input + "." + encode(signature.sign());
  }

  private static String algorithm(KeyPair pair) {
    PublicKey key = pair.getPublic();
    return TokenKey.of(key).algorithm();
  }

  private static String encode(String text) {
    return encode(text.getBytes(UTF_8));
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static KeyPair pair(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
