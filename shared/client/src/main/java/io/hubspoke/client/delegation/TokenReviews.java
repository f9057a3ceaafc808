package io.hubspoke.client.delegation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Asks the apiserver by TokenReview whose a bearer token is ({@code
 * --authentication-token-webhook}). What it says is remembered under the token's digest, good or
 * bad, as long as {@code --authentication-token-webhook-cache-ttl} says.
 */
public final class TokenReviews {
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authentication.k8s.io", "v1", "tokenreviews", ObjectNode.class);

  private final Supplier<ApiClient> client;
  private final ReviewCache<String, Optional<Caller>> known;

  /**
   * Knows nothing yet.
   *
   * @param ttl how long an answer is remembered
   * @param client gives null while there is no connection to the apiserver yet
   */
  public TokenReviews(Duration ttl, Supplier<ApiClient> client) {
    this.client = client;
    this.known = new ReviewCache<>(answer -> ttl);
  }

  /** Returns whose the token is, empty when nobody's; fails when that can't be told. */
  public Future<Optional<Caller>> review(String token) {
    return known.get(digest(token), () -> ask(token));
  }

  private Future<Optional<Caller>> ask(String token) {
    ApiClient connected = client.get();
    if (connected == null) {
      return Future.failedFuture("not connected to the apiserver yet");
    }
    ObjectNode review =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenReview");
    review.putObject("spec").put("token", token);
    return connected.create(REVIEWS, "", review).map(TokenReviews::caller);
  }

  private static Optional<Caller> caller(ObjectNode answer) {
    JsonNode status = answer.path("status");
    JsonNode user = status.path("user");
    String name = user.path("username").asText();
    if (!status.path("authenticated").asBoolean() || name.isEmpty()) {
      return Optional.empty();
    }
    List<String> groups = texts(user.path("groups"));
    if (!groups.contains("system:authenticated")) {
      groups.add("system:authenticated");
    }
    Map<String, List<String>> extra = new HashMap<>();
    user.path("extra").properties().forEach(e -> extra.put(e.getKey(), texts(e.getValue())));
    return Optional.of(new Caller(name, user.path("uid").asText(), groups, extra));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static String digest(String token) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
