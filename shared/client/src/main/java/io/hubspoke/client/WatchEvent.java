package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import java.io.IOException;
import java.util.function.Function;

/** One line of a watch. */
public sealed interface WatchEvent<T> {
  record Added<T>(Item<T> item) implements WatchEvent<T> {}

  record Modified<T>(Item<T> item) implements WatchEvent<T> {}

  /** The object's last state. */
  record Deleted<T>(Item<T> item) implements WatchEvent<T> {}

  /** Tells that everything up to this revision was sent. */
  record Bookmark<T>(String resourceVersion) implements WatchEvent<T> {}

  /** An object that can't be read as the type wanted, whatever happened to it. */
  record Unreadable<T>(UnreadableObject object) implements WatchEvent<T> {}

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
    return switch (event.path("type").asText()) {
      case "ADDED" -> ofItem(object, type, Added::new);
      case "MODIFIED" -> ofItem(object, type, Modified::new);
      case "DELETED" -> ofItem(object, type, Deleted::new);
      case "BOOKMARK" -> new Bookmark<>(Meta.resourceVersion(object));
      case "ERROR" -> new Failed<>(Status.fromJson(object));
      default ->
          throw new IOException(
              "not a watch event: its type is \"" + event.path("type").asText() + "\"");
    };
  }

  private static <T> WatchEvent<T> ofItem(
      ObjectNode object, Class<T> type, Function<Item<T>, WatchEvent<T>> event) {
    Item<T> item;
    try {
      item = Item.of(object, type);
    } catch (RuntimeException e) {
      return new Unreadable<>(UnreadableObject.of(object, type, e));
    }
    return event.apply(item);
  }
}
