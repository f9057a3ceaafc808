package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.Query;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a deletion asks for.
 *
 * @param uid which object it must be; empty for any
 * @param resourceVersion in which state it must be; empty for any
 */
public record DeleteOptions(
    OptionalLong gracePeriodSeconds, String uid, String resourceVersion, boolean dryRun) {
  public static final DeleteOptions DEFAULT =
      new DeleteOptions(OptionalLong.empty(), "", "", false);

  private static final Set<String> POLICIES = Set.of("", "Orphan", "Background", "Foreground");

  /**
   * Reads options from the request's body, or from its query where the body leaves them out.
   *
   * @param body null when there is none
   * @throws io.hubspoke.api.ApiException 400 or 422 when they are none
   */
  static DeleteOptions read(ObjectNode body, Query query) {
    ObjectNode json = body == null ? io.hubspoke.api.Json.object() : body;
    String kind = json.path("kind").asText("DeleteOptions");
    if (!kind.equals("DeleteOptions")) {
      throw Status.badRequest("the body of a deletion must be of kind DeleteOptions, found " + kind)
          .toException();
    }
    OptionalLong grace = OptionalLong.empty();
    JsonNode given = json.get("gracePeriodSeconds");
    if (given != null && !given.isNull()) {
      if (!given.canConvertToLong() || !given.isIntegralNumber()) {
        throw Status.badRequest("gracePeriodSeconds must be a whole number, found " + given)
            .toException();
      }
      grace = OptionalLong.of(given.asLong());
    } else if (query.contains("gracePeriodSeconds")) {
      grace = OptionalLong.of(number(query.get("gracePeriodSeconds")));
    }
    if (grace.isPresent() && grace.getAsLong() < 0) {
      // As Kubernetes does: anything negative means the shortest wait.
      grace = OptionalLong.of(1);
    }
    String policy = json.path("propagationPolicy").asText(query.get("propagationPolicy"));
    if (policy != null && !POLICIES.contains(policy)) {
      throw WriteOptions.invalid(
              "DeleteOptions",
              "FieldValueNotSupported",
              "propagationPolicy",
              "Unsupported value: \""
                  + policy
                  + "\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")
          .toException();
    }
    List<String> dryRun = new ArrayList<>(query.getAll("dryRun"));
    json.path("dryRun").forEach(v -> dryRun.add(v.asText()));
    JsonNode preconditions = json.path("preconditions");
    return new DeleteOptions(
        grace,
        preconditions.path("uid").asText(""),
        preconditions.path("resourceVersion").asText(""),
        WriteOptions.dryRun(dryRun, "DeleteOptions"));
  }

  private static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw Status.badRequest("gracePeriodSeconds must be a whole number, found \"" + text + "\"")
          .toException();
    }
  }
}
