package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import java.io.IOException;

/** One line of a watch. */
public sealed interface WatchEvent<T> {
  record Added<T>(Item<T> item) implements WatchEvent<T> {}

  record Modified<T>(Item<T> item) implements WatchEvent<T> {}

  /** The object's last state. */
  record Deleted<T>(Item<T> item) implements WatchEvent<T> {}

  /** Tells that everything up to this revision was sent. */
  record Bookmark<T>(String resourceVersion) implements WatchEvent<T> {}

  /** The server gives up; 410 means that the revision to resume from is gone. */
  record Failed<T>(Status status) implements WatchEvent<T> {}

  /**
   * Reads a line.
   *
   * @throws IOException when it is not a watch event
   */
  static <T> WatchEvent<T> parse(byte[] line, Class<T> type) throws IOException {
    ObjectNode event;
    try {
      event = Json.parseObject(line);
    } catch (io.hubspoke.api.ApiException e) {
      throw new IOException("not a watch event: " + e.getMessage(), e);
    }
    if (!(event.get("object") instanceof ObjectNode object)) {
      throw new IOException("not a watch event: it has no object");
    }
    try {
      return switch (event.path("type").asText()) {
        case "ADDED" -> new Added<>(Item.of(object, type));
        case "MODIFIED" -> new Modified<>(Item.of(object, type));
        case "DELETED" -> new Deleted<>(Item.of(object, type));
        case "BOOKMARK" -> new Bookmark<>(Meta.resourceVersion(object));
        case "ERROR" -> new Failed<>(Status.fromJson(object));
        default ->
            throw new IOException(
                "not a watch event: its type is \"" + event.path("type").asText() + "\"");
      };
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "an object of the watch is no " + type.getSimpleName() + ": " + e.getMessage(), e);
    }
  }
}
