package io.hubspoke.apiserver.serviceaccount;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.tokens.TokenSigner;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Writes the claims of a bound token and has them signed. */
final class TokenIssuer {
  /**
   * What a token says.
   *
   * @param pod what it is bound to, null for nothing; so are secret and node
   * @param node the pod's own node when there is a pod
   * @param warnAfter seconds after which its use is worth a warning; 0 for never
   */
  record Contents(
      JsonNode account,
      JsonNode pod,
      JsonNode secret,
      JsonNode node,
      List<String> audiences,
      long expirationSeconds,
      long warnAfter) {}

  private final String issuer;

  TokenIssuer(String issuer) {
    this.issuer = issuer;
  }

  String issue(TokenSigner signer, Contents contents, Instant now) {
    String namespace = Meta.namespace(contents.account());
    long seconds = now.getEpochSecond();
    ObjectNode claims = Json.object();
    contents.audiences().forEach(claims.putArray("aud")::add);
    claims
        .put("exp", seconds + contents.expirationSeconds())
        .put("iat", seconds)
        .put("iss", issuer)
        .put("jti", UUID.randomUUID().toString());
    ObjectNode own = claims.putObject("kubernetes.io").put("namespace", namespace);
    reference(own, "node", contents.node());
    reference(own, "pod", contents.pod());
    reference(own, "secret", contents.secret());
    reference(own, "serviceaccount", contents.account());
    if (contents.warnAfter() > 0) {
      own.put("warnafter", seconds + contents.warnAfter());
    }
    claims
        .put("nbf", seconds)
        .put("sub", "system:serviceaccount:" + namespace + ":" + Meta.name(contents.account()));
    return signer.sign(claims);
  }

  private static void reference(ObjectNode own, String field, JsonNode object) {
    if (object != null) {
      own.putObject(field).put("name", Meta.name(object)).put("uid", Meta.uid(object));
    }
  }
}
