package io.hubspoke.lab;

import io.fabric8.kubernetes.api.model.Secret;
import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.lab.join.TokenSecret;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** A token with which a node joins: {@code <id>.<secret>}, kept in a Secret of kube-system. */
public record BootstrapToken(String id, String secret, Instant expiration) {
  /** Makes a random one. */
  public static BootstrapToken create(Instant expiration) {
    var token = JoinToken.generate();
    return new BootstrapToken(
        token.id(), token.secret(), expiration.truncatedTo(ChronoUnit.SECONDS));
  }

  /** What the bearer sends. */
  public String value() {
    return id + "." + secret;
  }

  /** The Secret that makes it valid. */
  public Secret object() {
    return new TokenSecret(
            new JoinToken(id, secret),
            expiration,
            "",
            TokenSecret.USAGES,
            List.of(TokenSecret.DEFAULT_GROUP))
        .object();
  }

  @Override
  public String toString() {
    return id + ".***";
  }
}
