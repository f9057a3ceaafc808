package io.hubspoke.lab;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** A token with which a node joins: {@code <id>.<secret>}, kept in a Secret of kube-system. */
public record BootstrapToken(String id, String secret, Instant expiration) {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

  /** Makes a random one. */
  public static BootstrapToken create(Instant expiration) {
    return new BootstrapToken(random(6), random(16), expiration.truncatedTo(ChronoUnit.SECONDS));
  }

  /** What the bearer sends. */
  public String value() {
    return id + "." + secret;
  }

  /** The Secret that makes it valid. */
  public Secret object() {
    return new SecretBuilder()
        .withApiVersion("v1")
        .withKind("Secret")
        .withNewMetadata()
        .withName("bootstrap-token-" + id)
        .withNamespace("kube-system")
        .endMetadata()
        .withType("bootstrap.kubernetes.io/token")
        .addToStringData("token-id", id)
        .addToStringData("token-secret", secret)
        .addToStringData("expiration", expiration.toString())
        .addToStringData("usage-bootstrap-authentication", "true")
        .addToStringData("usage-bootstrap-signing", "true")
        .addToStringData("auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token")
        .build();
  }

  @Override
  public String toString() {
    return id + ".***";
  }

  private static String random(int length) {
    var text = new StringBuilder();
    for (var i = 0; i < length; i++) {
      text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }
}
