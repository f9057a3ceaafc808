package io.hubspoke.apiserver.serviceaccount;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.tokens.TokenException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What a service account's token says, once its signature is verified. */
sealed interface TokenClaims {
  /** The issuer of tokens that are kept in secrets. */
  String LEGACY_ISSUER = "kubernetes/serviceaccount";

  /** An object by name and UID. */
  record Ref(String name, String uid) {}

  /** When a token counts; null where it doesn't say. */
  record Validity(Instant notBefore, Instant issuedAt, Instant expires) {}

  String namespace();

  Ref account();

  List<String> audiences();

  Validity validity();

  /**
   * A token of the TokenRequest API.
   *
   * @param id {@code jti}; empty for one of an older server
   * @param pod what it is bound to, null for nothing; so are the following
   * @param node the pod's node when there is a pod
   */
  record Bound(
      String id,
      String namespace,
      Ref account,
      Ref pod,
      Ref secret,
      Ref node,
      List<String> audiences,
      Validity validity)
      implements TokenClaims {}

  /** A token that a secret holds; its time ends with the secret. */
  record Legacy(
      String namespace, Ref account, String secret, List<String> audiences, Validity validity)
      implements TokenClaims {}

  /**
   * Reads claims by their issuer.
   *
   * @throws TokenException when something is missing or of another form than it should be
   */
  static TokenClaims of(ObjectNode claims) throws TokenException {
    TokenClaims read =
        claims.path("iss").asText("").equals(LEGACY_ISSUER) ? legacy(claims) : bound(claims);
    String subject = "system:serviceaccount:" + read.namespace() + ":" + read.account().name();
    if (!text(claims, "sub").equals(subject)) {
      throw new TokenException("sub claim is invalid");
    }
    return read;
  }

  private static Bound bound(ObjectNode claims) throws TokenException {
    JsonNode own = claims.path("kubernetes.io");
    Validity validity = validity(claims);
    if (validity.expires() == null) {
      // Every token of this API ends; one that doesn't was made by a careless signer.
      throw new TokenException("exp claim is missing");
    }
    Ref account = ref(own, "serviceaccount");
    if (account == null) {
      throw new TokenException("kubernetes.io.serviceaccount claim is missing");
    }
    return new Bound(
        claims.has("jti") ? text(claims, "jti") : "",
        text(own, "namespace"),
        account,
        ref(own, "pod"),
        ref(own, "secret"),
        ref(own, "node"),
        audiences(claims),
        validity);
  }

  private static Legacy legacy(ObjectNode claims) throws TokenException {
    String prefix = "kubernetes.io/serviceaccount/";
    return new Legacy(
        text(claims, prefix + "namespace"),
        new Ref(
            text(claims, prefix + "service-account.name"),
            text(claims, prefix + "service-account.uid")),
        text(claims, prefix + "secret.name"),
        audiences(claims),
        validity(claims));
  }

  private static Ref ref(JsonNode own, String field) throws TokenException {
    JsonNode ref = own.path(field);
    return ref.isMissingNode() ? null : new Ref(text(ref, "name"), text(ref, "uid"));
  }

  private static Validity validity(ObjectNode claims) throws TokenException {
    return new Validity(time(claims, "nbf"), time(claims, "iat"), time(claims, "exp"));
  }

  private static Instant time(ObjectNode claims, String field) throws TokenException {
    JsonNode value = claims.path(field);
    if (value.isMissingNode()) {
      return null;
    }
    if (!value.isNumber() || !value.canConvertToLong()) {
      throw new TokenException(field + " claim is no time");
    }
    long seconds = value.asLong();
    if (seconds < 0 || seconds > Instant.MAX.getEpochSecond() / 2) {
      throw new TokenException(field + " claim is no time");
    }
    return Instant.ofEpochSecond(seconds);
  }

  private static List<String> audiences(ObjectNode claims) throws TokenException {
    JsonNode value = claims.path("aud");
    if (value.isTextual()) {
      return List.of(value.asText());
    }
    List<String> audiences = new ArrayList<>(1);
    for (JsonNode one : value) {
      if (!value.isArray() || !one.isTextual()) {
        throw new TokenException("aud claim is no list of texts");
      }
      audiences.add(one.asText());
    }
    return List.copyOf(audiences);
  }

  private static String text(JsonNode node, String field) throws TokenException {
    JsonNode value = node.path(field);
    if (!value.isTextual() || value.asText().isEmpty()) {
      throw new TokenException(field + " claim is missing");
    }
    return value.asText();
  }
}
