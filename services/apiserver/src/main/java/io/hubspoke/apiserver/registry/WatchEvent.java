package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.api.protobuf.Protobuf;
import io.hubspoke.apiserver.http.MediaType;
import io.vertx.core.buffer.Buffer;

/** What a watcher is told. */
public sealed interface WatchEvent {

  /** Returns the event as a line of JSON or a frame of protobuf. */
  Buffer encode(MediaType mediaType);

  /** Encodes an event that is told to few. */
  static Buffer encode(MediaType mediaType, String type, ObjectNode object) {
    return switch (mediaType) {
      case JSON -> {
        ObjectNode event = Json.object().put("type", type);
        event.set("object", object);
        yield Buffer.buffer(Json.bytes(event)).appendByte((byte) '\n');
      }
      case PROTOBUF -> Buffer.buffer(Protobuf.frame(type, Protobuf.encode(object).orElseThrow()));
    };
  }

  /** How an object came to, changed within, or left what is watched. */
  enum Type {
    ADDED,
    MODIFIED,
    DELETED
  }

  /** A change of an object; it is encoded once for all watchers. */
  final class Changed implements WatchEvent {
    private final Type type;
    private final StoredObject object;
    private volatile Buffer line;
    private volatile Buffer frame;

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
    public Buffer encode(MediaType mediaType) {
      return switch (mediaType) {
        case JSON -> line();
        case PROTOBUF -> frame();
      };
    }

    private Buffer frame() {
      Buffer known = frame;
      if (known == null) {
        known = Buffer.buffer(Protobuf.frame(type.name(), object.envelopedProtobuf()));
        frame = known;
      }
      return known;
    }

    private Buffer line() {
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
    public Buffer encode(MediaType mediaType) {
      var object = Json.object();
      var meta =
          object
              .put("kind", kind)
              .put("apiVersion", apiVersion)
              .putObject("metadata")
              .put("resourceVersion", Long.toString(revision))
              .putNull("creationTimestamp");
      if (initialEventsEnd) {
        meta.putObject("annotations").put("k8s.io/initial-events-end", "true");
      }
      return WatchEvent.encode(mediaType, "BOOKMARK", object);
    }
  }

  /** The watch can't go on. */
  record Failed(Status status) implements WatchEvent {
    @Override
    public Buffer encode(MediaType mediaType) {
      return WatchEvent.encode(mediaType, "ERROR", status.toJson());
    }
  }
}
