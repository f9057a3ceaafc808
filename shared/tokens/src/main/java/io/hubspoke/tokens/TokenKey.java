package io.hubspoke.tokens;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.Base64;

/**
 * A public key that tokens are verified with.
 *
 * @param id what tokens name it by: the hash of its encoding, as Kubernetes derives it
 * @param algorithm the one algorithm that signatures of this key may have
 */
public record TokenKey(String id, String algorithm, PublicKey key) {
  private static final int SMALLEST_RSA_BITS = 2048;

  /**
   * Describes a key.
   *
   * @throws IllegalArgumentException when it is of a kind or size that tokens are not signed with
   */
  public static TokenKey of(PublicKey key) {
    return new TokenKey(id(key), algorithm(key), key);
  }

  private static String algorithm(PublicKey key) {
    return switch (key) {
      case RSAPublicKey rsa -> {
        if (rsa.getModulus().bitLength() < SMALLEST_RSA_BITS) {
          throw new IllegalArgumentException(
              "an RSA key of %d bits signs no tokens; %d are needed"
                  .formatted(rsa.getModulus().bitLength(), SMALLEST_RSA_BITS));
        }
        yield "RS256";
      }
      case ECPublicKey ec ->
          switch (ec.getParams().getOrder().bitLength()) {
            case 256 -> "ES256";
            case 384 -> "ES384";
            case 521 -> "ES512";
            default -> throw new IllegalArgumentException("unsupported elliptic curve");
          };
      default ->
          throw new IllegalArgumentException(
              key.getAlgorithm() + " keys sign no tokens: expected RSA or ECDSA");
    };
  }

  private static String id(PublicKey key) {
    try {
      return base64(MessageDigest.getInstance("SHA-256").digest(key.getEncoded()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Returns the key as others read it (RFC 7517). */
  public ObjectNode jwk() {
    ObjectNode jwk = Json.object().put("use", "sig");
    switch (key) {
      case RSAPublicKey rsa ->
          jwk.put("kty", "RSA")
              .put("kid", id)
              .put("alg", algorithm)
              .put("n", base64(unsigned(rsa.getModulus(), 0)))
              .put("e", base64(unsigned(rsa.getPublicExponent(), 0)));
      case ECPublicKey ec -> {
        int size = (ec.getParams().getCurve().getField().getFieldSize() + 7) / 8;
        jwk.put("kty", "EC")
            .put("kid", id)
            .put("crv", curve())
            .put("alg", algorithm)
            .put("x", base64(unsigned(ec.getW().getAffineX(), size)))
            .put("y", base64(unsigned(ec.getW().getAffineY(), size)));
      }
      default -> throw new IllegalStateException(key.getAlgorithm());
    }
    return jwk;
  }

  private String curve() {
    return switch (algorithm) {
      case "ES256" -> "P-256";
      case "ES384" -> "P-384";
      default -> "P-521";
    };
  }

  /** Returns the number's bytes without a sign, filled up to a size with zeros. */
  private static byte[] unsigned(BigInteger number, int size) {
    byte[] bytes = number.toByteArray();
    int sign = bytes.length > 1 && bytes[0] == 0 ? 1 : 0;
    int length = bytes.length - sign;
    byte[] result = new byte[Math.max(size, length)];
    System.arraycopy(bytes, sign, result, result.length - length, length);
    Arrays.fill(bytes, (byte) 0);
    return result;
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
