package io.hubspoke.controllermanager;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;

/** Deletes bootstrap tokens once they have expired. */
final class BootstrapTokenCleaner implements Controller {
  static final String NAMESPACE = "kube-system";

  private final ApiClient client;
  private final Informer<ObjectNode> tokens;
  private final ControlLoop<String> loop;

  /**
   * @param tokens the secrets of {@link BootstrapTokenSecret#TYPE} in {@link #NAMESPACE}
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
    if (secret == null || !secret.path("type").asText().equals(BootstrapTokenSecret.TYPE)) {
      return Duration.ZERO;
    }
    var expires = BootstrapTokenSecret.expires(secret);
    if (expires.equals(Instant.MAX)) {
      return Duration.ZERO;
    }
    var left = Duration.between(Instant.now(), expires);
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
}
