package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.JsonPatch;
import io.hubspoke.api.MergePatch;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.StrategicMergePatch;
import java.util.Set;

/** A change to an object in one of the forms that a PATCH may have. */
public record Patch(Format format, JsonNode body) {

  /** What an operation of a JSON patch has (RFC 6902). */
  static final Set<String> OPERATION = Set.of("op", "path", "from", "value");

  /** How the patch is to be read. */
  public enum Format {
    JSON("application/json-patch+json"),
    MERGE("application/merge-patch+json"),
    STRATEGIC("application/strategic-merge-patch+json");

    private final String mediaType;

    Format(String mediaType) {
      this.mediaType = mediaType;
    }

    /**
     * Finds a format by its content type.
     *
     * @throws io.hubspoke.api.ApiException 415 for any other
     */
    static Format of(String mediaType) {
      for (Format format : values()) {
        if (format.mediaType.equals(mediaType)) {
          return format;
        }
      }
      throw Status.unsupportedMediaType(
              "the body of the request was in an unknown format - accepted media types include:"
                  + " application/json-patch+json, application/merge-patch+json,"
                  + " application/strategic-merge-patch+json")
          .toException();
    }
  }

  public Patch {
    if (format != Format.JSON && !body.isObject()) {
      throw Status.badRequest("a merge patch must be a JSON object").toException();
    }
    if (format == Format.JSON && !body.isArray()) {
      throw Status.badRequest("a JSON patch must be an array of operations").toException();
    }
  }

  /** Returns the patched object; the given one is the caller's to lose. */
  ObjectNode apply(ResourceType type, ObjectNode current) {
    JsonNode patched =
        switch (format) {
          case JSON -> JsonPatch.apply(current, body);
          case MERGE -> MergePatch.apply(current, body);
          case STRATEGIC ->
              StrategicMergePatch.apply(type.group(), type.kind(), current, (ObjectNode) body);
        };
    if (patched instanceof ObjectNode object) {
      return object;
    }
    throw Status.badRequest("the patch turns the object into something else").toException();
  }
}
