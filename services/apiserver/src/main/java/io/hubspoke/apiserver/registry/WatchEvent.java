package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.vertx.core.buffer.Buffer;

/** What a watcher is told. */
public sealed interface WatchEvent {

  /** Returns the event as a line of JSON. */
  Buffer line();

  /** How an object came to, changed within, or left what is watched. */
  enum Type {
    ADDED,
    MODIFIED,
    DELETED
  }

  /** A change of an object; its line is made once for all watchers. */
  final class Changed implements WatchEvent {
    private final Type type;
    private final StoredObject object;
    private volatile Buffer line;

    Changed(Type type, StoredObject object) {
      this.type = type;
      this.object = object;
    }

    public Type type() {
      return type;
    }

    public StoredObject object() {
      return object;
    }

    @Override
    public Buffer line() {
      Buffer known = line;
      if (known == null) {
        known = Buffer.buffer(object.size() + 40);
        known.appendString("{\"type\":\"" + type + "\",\"object\":");
        object.appendTo(known);
        known.appendString("}\n");
        line = known;
      }
      return known;
    }
  }

  /**
   * Nothing that is watched changed up to this revision.
   *
   * @param initialEventsEnd whether it ends the initial events of a streaming list
   */
  record Bookmark(String apiVersion, String kind, long revision, boolean initialEventsEnd)
      implements WatchEvent {
    @Override
    public Buffer line() {
      var event = Json.object().put("type", "BOOKMARK");
      var meta =
          event
              .putObject("object")
              .put("kind", kind)
              .put("apiVersion", apiVersion)
              .putObject("metadata")
              .put("resourceVersion", Long.toString(revision))
              .putNull("creationTimestamp");
      if (initialEventsEnd) {
        meta.putObject("annotations").put("k8s.io/initial-events-end", "true");
      }
      return Buffer.buffer(Json.bytes(event)).appendByte((byte) '\n');
    }
  }

  /** The watch can't go on. */
  record Failed(Status status) implements WatchEvent {
    @Override
    public Buffer line() {
      var event = Json.object().put("type", "ERROR");
      event.set("object", status.toJson());
      return Buffer.buffer(Json.bytes(event)).appendByte((byte) '\n');
    }
  }
}
