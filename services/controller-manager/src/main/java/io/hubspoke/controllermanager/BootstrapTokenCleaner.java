package io.hubspoke.controllermanager;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;

/** Deletes bootstrap tokens once they have expired. */
final class BootstrapTokenCleaner implements Controller {
  static final String NAMESPACE = "kube-system";
  static final String TYPE = "bootstrap.kubernetes.io/token";

  private final ApiClient client;
  private final Informer<ObjectNode> tokens;
  private final ControlLoop<String> loop;

  /**
   * @param tokens the secrets of {@link #TYPE} in {@link #NAMESPACE}
   */
  BootstrapTokenCleaner(ApiClient client, Context context, Informer<ObjectNode> tokens) {
    this.client = client;
    this.tokens = tokens;
    this.loop = new ControlLoop<>("tokencleaner", context, 1, this::reconcile);
    tokens.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    var secret = tokens.get(NAMESPACE, name);
    if (secret == null || !secret.path("type").asText().equals(TYPE)) {
      return Duration.ZERO;
    }
    var expiration = secret.path("data").path("expiration").asText("");
    if (expiration.isEmpty()) {
      return Duration.ZERO;
    }
    var left = Duration.between(Instant.now(), instant(expiration));
    if (left.isPositive()) {
      return left;
    }
    client
        .deleteIfPresent(
            Resource.SECRETS,
            NAMESPACE,
            name,
            DeleteOptions.now(secret.path("metadata").path("uid").asText()))
        .await();
    return Duration.ZERO;
  }

  /** What cannot be read counts as expired, as for Kubernetes. */
  private static Instant instant(String base64) {
    try {
      var text = new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
      return OffsetDateTime.parse(text.strip()).toInstant();
    } catch (IllegalArgumentException | DateTimeException e) {
      return Instant.EPOCH;
    }
  }
}
