package io.hubspoke.apiserver.serviceaccount;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.tokens.TokenException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;

/** Says whether what a token depends on is still there: its account, and what it is bound to. */
final class BoundObjects {
  private static final String GONE = "service account token has been invalidated";
  private static final String INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";

  private final Lister lister;
  private final Duration leeway;

  /**
   * Reads objects from the lister.
   *
   * @param leeway how long something counts after the moment at which it was to be gone
   */
  BoundObjects(Lister lister, Duration leeway) {
    this.lister = lister;
    this.leeway = leeway;
  }

  /**
   * Returns when everything is still there.
   *
   * @throws TokenException when the account or a bound object is gone or another one of its name
   */
  void check(TokenClaims.Bound claims, Instant now) throws TokenException {
    account(claims, now.minus(leeway));
    if (claims.secret() != null) {
      same(claims.namespace(), claims.secret(), ResourceTable.SECRETS.type(), now);
    }
    if (claims.pod() != null) {
      // The node beside it is where the pod was when the token was made; the pod decides.
      same(claims.namespace(), claims.pod(), ResourceTable.PODS.type(), now);
    } else if (claims.node() != null) {
      same("", claims.node(), ResourceTable.NODES.type(), now);
    }
  }

  /**
   * Returns when the secret still holds this very token, and the account is there.
   *
   * @throws TokenException when not
   */
  void check(TokenClaims.Legacy claims, String token) throws TokenException {
    ObjectNode secret =
        lister.get(ResourceTable.SECRETS.type(), claims.namespace(), claims.secret());
    if (secret == null || Meta.deleting(secret)) {
      throw new TokenException(GONE);
    }
    byte[] held = decoded(secret.path("data").path("token").asText(""));
    if (!MessageDigest.isEqual(held, token.getBytes(UTF_8))) {
      throw new TokenException("service account token does not match server's copy");
    }
    if (Meta.labels(secret).containsKey(INVALID_SINCE)) {
      throw new TokenException("service account token has been marked invalid");
    }
    account(claims, Instant.MAX);
  }

  private void account(TokenClaims claims, Instant deletedBefore) throws TokenException {
    String name = claims.namespace() + "/" + claims.account().name();
    ObjectNode account =
        lister.get(
            ResourceTable.SERVICE_ACCOUNTS.type(), claims.namespace(), claims.account().name());
    if (account == null || isDeleted(account, deletedBefore)) {
      throw new TokenException("service account " + name + " has been deleted");
    }
    if (!Meta.uid(account).equals(claims.account().uid())) {
      throw new TokenException(
          "service account UID (%s) does not match claim (%s)"
              .formatted(Meta.uid(account), claims.account().uid()));
    }
  }

  private void same(String namespace, TokenClaims.Ref ref, ResourceType type, Instant now)
      throws TokenException {
    ObjectNode object = lister.get(type, namespace, ref.name());
    if (object == null || isDeleted(object, now.minus(leeway))) {
      throw new TokenException(GONE);
    }
    if (!Meta.uid(object).equals(ref.uid())) {
      throw new TokenException(
          "%s UID (%s) does not match service account token's claim (%s)"
              .formatted(type.singular(), Meta.uid(object), ref.uid()));
    }
  }

  /** A pod that ends has its time of deletion ahead, by its grace period. */
  private static boolean isDeleted(ObjectNode object, Instant before) {
    String deletion = Meta.text(object, "deletionTimestamp");
    if (deletion.isEmpty()) {
      return false;
    }
    try {
      return Instant.parse(deletion).isBefore(before);
    } catch (DateTimeException e) {
      return true;
    }
  }

  private static byte[] decoded(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }
}
