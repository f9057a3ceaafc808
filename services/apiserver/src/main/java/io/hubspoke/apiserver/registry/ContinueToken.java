package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import java.util.Base64;

/**
 * Where the next page of a list begins.
 *
 * @param revision the state that the first page was read from; {@link #NEWEST} when that is gone
 *     and the client was told so
 * @param after the last key of the page before, without the prefix of the list
 */
record ContinueToken(long revision, String after) {
  static final long NEWEST = -1;

  private static final String VERSION = "meta.k8s.io/v1";

  /** Returns the form that clients send back, good for this list alone. */
  String encode(String prefix) {
    ObjectNode json =
        Json.object().put("v", VERSION).put("rv", revision).put("start", after).put("of", prefix);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Json.bytes(json));
  }

  /**
   * Reads what a client sent.
   *
   * @throws ApiException 400 when it is not a token of this list
   */
  static ContinueToken decode(String text, String prefix) {
    ObjectNode json;
    try {
      json = Json.parseObject(Base64.getUrlDecoder().decode(text));
    } catch (ApiException | IllegalArgumentException e) {
      throw invalid("not a continue token");
    }
    long revision = json.path("rv").asLong();
    String after = json.path("start").asText("");
    if (!json.path("v").asText().equals(VERSION)) {
      throw invalid("the server doesn't recognize its version");
    }
    if (revision < 1 && revision != NEWEST) {
      throw invalid("incorrect resource version");
    }
    if (after.isEmpty() || !json.path("of").asText().equals(prefix)) {
      throw invalid("it belongs to another list");
    }
    return new ContinueToken(revision, after);
  }

  private static ApiException invalid(String why) {
    return Status.badRequest("continue key is not valid: " + why).toException();
  }
}
