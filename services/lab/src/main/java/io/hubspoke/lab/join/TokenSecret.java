package io.hubspoke.lab.join;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The Secret in {@code kube-system} that makes a bootstrap token valid.
 *
 * @param expiration when it ends; null for never
 * @param description what it is for; may be empty
 * @param usages {@code authentication} and {@code signing}, or one of them
 * @param groups that its bearer has beside {@code system:bootstrappers}
 */
public record TokenSecret(
    JoinToken token,
    Instant expiration,
    String description,
    List<String> usages,
    List<String> groups) {
  public static final String NAMESPACE = "kube-system";
  public static final String TYPE = "bootstrap.kubernetes.io/token";
  public static final String DEFAULT_GROUP = "system:bootstrappers:kubeadm:default-node-token";
  public static final List<String> USAGES = List.of("authentication", "signing");

  public TokenSecret {
    expiration = expiration == null ? null : expiration.truncatedTo(ChronoUnit.SECONDS);
    usages = usages.stream().sorted().distinct().toList();
    groups = groups.stream().sorted().distinct().toList();
  }

  /** Returns the name of the Secret of a token. */
  public static String name(String id) {
    return "bootstrap-token-" + id;
  }

  /** Reads a Secret; empty when it holds no token. */
  public static Optional<TokenSecret> of(Secret object) {
    JoinToken token;
    try {
      token = JoinToken.parse(text(object, "token-id") + "." + text(object, "token-secret"));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    Instant expiration = null;
    try {
      var text = text(object, "expiration");
      expiration = text.isEmpty() ? null : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      // What can't be read counts as expired, as for Kubernetes.
      expiration = Instant.EPOCH;
    }
    return Optional.of(
        new TokenSecret(
            token,
            expiration,
            text(object, "description"),
            USAGES.stream()
                .filter(usage -> text(object, "usage-bootstrap-" + usage).equals("true"))
                .toList(),
            Stream.of(text(object, "auth-extra-groups").split(",", -1))
                .filter(group -> !group.isEmpty())
                .toList()));
  }

  private static String text(Secret object, String key) {
    var data = object.getData() == null ? null : object.getData().get(key);
    try {
      return new String(
          Base64.getDecoder().decode(Objects.requireNonNullElse(data, "")), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  /** Returns the Secret. */
  public Secret object() {
    var secret =
        new SecretBuilder()
            .withApiVersion("v1")
            .withKind("Secret")
            .withNewMetadata()
            .withName(name(token.id()))
            .withNamespace(NAMESPACE)
            .endMetadata()
            .withType(TYPE)
            .addToStringData("token-id", token.id())
            .addToStringData("token-secret", token.secret());
    if (expiration != null) {
      secret.addToStringData("expiration", expiration.toString());
    }
    if (!description.isEmpty()) {
      secret.addToStringData("description", description);
    }
    usages.forEach(usage -> secret.addToStringData("usage-bootstrap-" + usage, "true"));
    if (!groups.isEmpty()) {
      secret.addToStringData("auth-extra-groups", String.join(",", groups));
    }
    return secret.build();
  }
}
