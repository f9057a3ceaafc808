package io.hubspoke.client;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * An object that can't be read as the type wanted: what its metadata still tells, and why not.
 *
 * @param resourceVersion empty when not even that can be read
 */
public record UnreadableObject(Item.Key key, String resourceVersion, String reason) {

  static UnreadableObject of(JsonNode tree, Class<?> type, RuntimeException failure) {
    JsonNode metadata = tree.path("metadata");
    return new UnreadableObject(
        new Item.Key(metadata.path("namespace").asText(""), metadata.path("name").asText("")),
        metadata.path("resourceVersion").asText(""),
        "it is no " + type.getSimpleName() + ": " + text(failure));
  }

  /** Returns the first line: the rest of a decoder's message tells where in the source it was. */
  private static String text(RuntimeException failure) {
    var message = String.valueOf(failure.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
