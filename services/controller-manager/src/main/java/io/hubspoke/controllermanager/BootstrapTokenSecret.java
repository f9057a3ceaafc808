package io.hubspoke.controllermanager;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Meta;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * What a Secret of type {@code bootstrap.kubernetes.io/token} says.
 *
 * @param signs whether it may vouch for {@code cluster-info}
 * @param expires the latest time there is for one that doesn't
 */
record BootstrapTokenSecret(String id, String secret, boolean signs, Instant expires) {
  static final String TYPE = "bootstrap.kubernetes.io/token";
  private static final Pattern ID = Pattern.compile("[a-z0-9]{6}");
  private static final Pattern SECRET = Pattern.compile("[a-z0-9]{16}");

  /** Reads a Secret; null when it holds no token. */
  static BootstrapTokenSecret of(JsonNode object) {
    var id = text(object, "token-id");
    var secret = text(object, "token-secret");
    if (!object.path("type").asText().equals(TYPE)
        || !ID.matcher(id).matches()
        || !SECRET.matcher(secret).matches()
        || !Meta.name(object).equals("bootstrap-token-" + id)) {
      return null;
    }
    return new BootstrapTokenSecret(
        id, secret, text(object, "usage-bootstrap-signing").equals("true"), expires(object));
  }

  /** Returns when a token ends; one that can't be read counts as expired, as for Kubernetes. */
  static Instant expires(JsonNode object) {
    if (object.path("data").path("expiration").asText("").isEmpty()) {
      return Instant.MAX;
    }
    try {
      return OffsetDateTime.parse(text(object, "expiration").strip()).toInstant();
    } catch (DateTimeException e) {
      return Instant.EPOCH;
    }
  }

  private static String text(JsonNode object, String key) {
    try {
      var value = object.path("data").path(key).asText("");
      return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  @Override
  public String toString() {
    return id + ".***";
  }
}
