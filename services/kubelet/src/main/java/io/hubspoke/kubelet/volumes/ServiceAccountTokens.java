package io.hubspoke.kubelet.volumes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Gets the tokens of one pod's service account, bound to the pod, and keeps each until it is time
 * for the next one. Its methods wait, so they run on virtual threads, one at a time.
 */
public final class ServiceAccountTokens {
  private static final long DEFAULT_SECONDS = 3600;

  /** How much of a token's life it is used for; the rest is time to get the next one. */
  private static final double RENEW_AT = 0.8;

  private static final Duration RETRY = Duration.ofSeconds(30);
  private static final Duration LONGEST_USE = Duration.ofHours(24);

  /**
   * A token in use.
   *
   * @param renewAt when it should be replaced
   * @param endsAt when it is worth nothing any more
   */
  record Token(String value, Instant renewAt, Instant endsAt) {}

  private record Wanted(String audience, long seconds) {}

  private final ApiClient client;
  private final Map<Wanted, Token> tokens = new HashMap<>();

  public ServiceAccountTokens(ApiClient client) {
    this.client = client;
  }

  /** Returns a token that needs no renewal yet. */
  Token get(Pod pod, ServiceAccountTokenProjection projection) throws MountException {
    String audience = projection.getAudience() == null ? "" : projection.getAudience();
    Long seconds = projection.getExpirationSeconds();
    Wanted wanted = new Wanted(audience, seconds == null ? DEFAULT_SECONDS : seconds);
    Token known = tokens.get(wanted);
    if (known != null && Instant.now().isBefore(known.renewAt)) {
      return known;
    }
    Token fresh;
    try {
      fresh = request(pod, wanted);
    } catch (MountException e) {
      if (known == null || !Instant.now().isBefore(known.endsAt)) {
        throw e;
      }
      // The one there is still serves.
      fresh = new Token(known.value, Instant.now().plus(RETRY), known.endsAt);
    }
    tokens.put(wanted, fresh);
    return fresh;
  }

  private Token request(Pod pod, Wanted wanted) throws MountException {
    ObjectMeta metadata = pod.getMetadata();
    String account = pod.getSpec().getServiceAccountName();
    if (account == null || account.isEmpty()) {
      throw new MountException("the pod has no service account to get a token for");
    }
    ObjectNode request =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
    ObjectNode spec = request.putObject("spec").put("expirationSeconds", wanted.seconds);
    if (!wanted.audience.isEmpty()) {
      spec.putArray("audiences").add(wanted.audience);
    }
    spec.putObject("boundObjectRef")
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", metadata.getName())
        .put("uid", metadata.getUid());
    Instant asked = Instant.now();
    ObjectNode answer;
    try {
      answer =
          client
              .post(Resource.SERVICE_ACCOUNTS, metadata.getNamespace(), account, "token", request)
              .await();
    } catch (Exception e) {
      // Future.await throws what the future failed with, checked or not.
      throw new MountException("failed to fetch token: " + e.getMessage());
    }
    String token = answer.path("status").path("token").asText("");
    if (token.isEmpty()) {
      throw new MountException("failed to fetch token: the apiserver's answer has none");
    }
    try {
      Instant until = Instant.parse(answer.path("status").path("expirationTimestamp").asText(""));
      JsonNode granted = answer.path("spec").path("expirationSeconds");
      // The time is the apiserver's: with a clock that is hours off, by that alone each token were
      // ended already, or good for long after its end.
      Duration life =
          granted.isIntegralNumber()
              ? Duration.ofSeconds(granted.asLong())
              : Duration.between(asked, until);
      Instant ends = asked.plus(life);
      Duration use = Duration.ofMillis((long) (life.toMillis() * RENEW_AT));
      Instant due = asked.plus(use.compareTo(LONGEST_USE) < 0 ? use : LONGEST_USE);
      return new Token(token, due, ends);
    } catch (java.time.DateTimeException e) {
      throw new MountException("failed to fetch token: it has no expirationTimestamp");
    }
  }
}
