package io.hubspoke.tokens;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Base64;
import java.util.Set;

/**
 * A token in its compact form (RFC 7515, section 7.1), taken apart but not verified. What leaves
 * room for two readings is refused: padding, white space, other base64 of the same bytes, members
 * twice, and header members that would change how the signature is verified.
 *
 * @param algorithm the header's {@code alg}
 * @param keyId the header's {@code kid}; empty without one
 * @param claims what the token says; nobody has vouched for it yet
 */
public record CompactToken(String text, String algorithm, String keyId, ObjectNode claims) {
  /** What a token may be long; one bound to a pod with long names has 1,500 characters. */
  public static final int MAX_LENGTH = 16 * 1024;

  private static final Set<String> HEADER_MEMBERS = Set.of("alg", "kid", "typ");
  private static final int MAX_DEPTH = 16;

  private static final JsonMapper STRICT =
      JsonMapper.builder(
              com.fasterxml.jackson.core.JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(32)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Tells whether a text could be a token at all; others are for other authenticators. */
  public static boolean hasForm(String text) {
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    return first > 0 && second > first + 1 && text.indexOf('.', second + 1) < 0;
  }

  /**
   * Takes a token apart.
   *
   * @throws TokenException when it is malformed, or says that it wants to be verified in a way that
   *     is not known here
   */
  public static CompactToken parse(String text) throws TokenException {
    if (text.length() > MAX_LENGTH) {
      throw new TokenException("token is longer than " + MAX_LENGTH + " characters");
    }
    if (!hasForm(text)) {
      throw new TokenException("token is not of the form header.claims.signature");
    }
    int first = text.indexOf('.');
    int second = text.indexOf('.', first + 1);
    ObjectNode header = object("header", text.substring(0, first));
    ObjectNode claims = object("claims", text.substring(first + 1, second));
    decode("signature", text.substring(second + 1));
    for (var member : header.properties()) {
      // crit, jwk, jku, x5c, b64 and whatever else might come: none is ours.
      if (!HEADER_MEMBERS.contains(member.getKey())) {
        throw new TokenException("token header member \"" + member.getKey() + "\" is not known");
      }
      if (!member.getValue().isTextual()) {
        throw new TokenException("token header member \"" + member.getKey() + "\" is no text");
      }
    }
    String type = header.path("typ").asText("JWT");
    if (!type.equalsIgnoreCase("JWT")) {
      throw new TokenException("token is not of type JWT");
    }
    return new CompactToken(
        text, header.path("alg").asText(""), header.path("kid").asText(""), claims);
  }

  private static ObjectNode object(String part, String encoded) throws TokenException {
    try {
      JsonNode node = STRICT.readTree(decode(part, encoded));
      if (node instanceof ObjectNode object) {
        return object;
      }
    } catch (IOException e) {
      // Jackson's message quotes what it read.
      throw new TokenException("token " + part + " is malformed JSON");
    }
    throw new TokenException("token " + part + " is no JSON object");
  }

  private static byte[] decode(String part, String encoded) throws TokenException {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(encoded);
      if (Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(encoded)) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new TokenException("token " + part + " is not base64url without padding");
  }

  @Override
  public String toString() {
    return "CompactToken[" + algorithm + ", " + keyId + "]";
  }
}
