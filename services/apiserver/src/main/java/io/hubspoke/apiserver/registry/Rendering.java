package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.MediaType;
import io.hubspoke.apiserver.registry.Representation.Form;
import io.hubspoke.apiserver.resources.Resource;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.List;

/** Writes objects, lists and watch events in one of the forms. */
final class Rendering {
  private final Resource resource;
  private final Form form;
  private final MediaType mediaType;
  private final String includeObject;
  private final boolean columns;
  private boolean columnsSent;

  /**
   * @param includeObject what a table's rows carry of the object: {@code None}, {@code Metadata} or
   *     {@code Object}
   * @param columns whether tables define their columns
   */
  Rendering(
      Resource resource, Representation representation, String includeObject, boolean columns) {
    this.resource = resource;
    this.form = representation.form();
    this.mediaType = representation.mediaType();
    this.includeObject = includeObject.isEmpty() ? "Metadata" : includeObject;
    this.columns = columns;
    if (!List.of("None", "Metadata", "Object").contains(this.includeObject)) {
      throw Status.badRequest(
              "includeObject: Invalid value: \""
                  + includeObject
                  + "\": must be one of None, Metadata, Object")
          .toException();
    }
  }

  MediaType mediaType() {
    return mediaType;
  }

  /** Returns the content type of watches: frames must be told from lone objects, lines not. */
  String watchContentType() {
    return switch (mediaType) {
      case JSON -> mediaType.text();
      case PROTOBUF -> mediaType.text() + ";stream=watch";
    };
  }

  Buffer object(StoredObject object) {
    return switch (form) {
      case OBJECT ->
          switch (mediaType) {
            case JSON -> object.json();
            case PROTOBUF -> Buffer.buffer(object.envelopedProtobuf());
          };
      case TABLE -> mediaType.encode(table(object, true));
      case PARTIAL_METADATA -> mediaType.encode(partial(object.tree()));
    };
  }

  /** Returns what is made from a stored object, such as its scale. */
  ObjectNode derived(ObjectNode object) {
    return switch (form) {
      case OBJECT -> object;
      case TABLE -> table(List.of(object), Meta.resourceVersion(object), true);
      case PARTIAL_METADATA -> partial(object);
    };
  }

  /** Returns whether lists are put together from the objects' own bytes. */
  boolean splices() {
    return form == Form.OBJECT;
  }

  /** Returns a list in a form of its own. */
  ObjectNode list(ObjectList list) {
    return switch (form) {
      case OBJECT -> throw new IllegalStateException("spliced, not rendered");
      case TABLE -> {
        Iterable<ObjectNode> trees = () -> list.items().stream().map(StoredObject::tree).iterator();
        ObjectNode table = table(trees, Long.toString(list.revision()), true);
        listMeta(list, (ObjectNode) table.get("metadata"));
        yield table;
      }
      case PARTIAL_METADATA -> {
        ObjectNode partial =
            Json.object()
                .put("kind", "PartialObjectMetadataList")
                .put("apiVersion", "meta.k8s.io/v1");
        listMeta(list, partial.putObject("metadata"));
        ArrayNode items = partial.putArray("items");
        list.items().forEach(object -> items.add(partial(object.tree())));
        yield partial;
      }
    };
  }

  /** Returns a watch event as a line or a frame. */
  Buffer event(WatchEvent event) {
    if (form == Form.OBJECT) {
      return event.encode(mediaType);
    }
    return switch (event) {
      case WatchEvent.Changed changed -> line(changed.type().name(), changed.object());
      case WatchEvent.Bookmark bookmark -> bookmark(bookmark).encode(mediaType);
      case WatchEvent.Failed failed -> failed.encode(mediaType);
    };
  }

  static void listMeta(ObjectList list, ObjectNode meta) {
    meta.put("resourceVersion", Long.toString(list.revision()));
    if (!list.continueToken().isEmpty()) {
      meta.put("continue", list.continueToken());
      if (list.remaining() > 0) {
        meta.put("remainingItemCount", list.remaining());
      }
    }
  }

  private Buffer line(String type, StoredObject object) {
    ObjectNode told = form == Form.TABLE ? table(object, !columnsSent) : partial(object.tree());
    // As the real apiserver: a watch tells its columns once.
    columnsSent = true;
    return WatchEvent.encode(mediaType, type, told);
  }

  private WatchEvent.Bookmark bookmark(WatchEvent.Bookmark bookmark) {
    String kind = form == Form.TABLE ? "Table" : "PartialObjectMetadata";
    return new WatchEvent.Bookmark(
        "meta.k8s.io/v1", kind, bookmark.revision(), bookmark.initialEventsEnd());
  }

  private static ObjectNode partial(ObjectNode object) {
    ObjectNode partial =
        Json.object().put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
    partial.set("metadata", object.path("metadata"));
    return partial;
  }

  private ObjectNode table(StoredObject object, boolean withColumns) {
    return table(List.of(object.tree()), Long.toString(object.revision()), withColumns);
  }

  private ObjectNode table(Iterable<ObjectNode> objects, String version, boolean withColumns) {
    ObjectNode table = Json.object().put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
    table.putObject("metadata").put("resourceVersion", version);
    ArrayNode definitions = table.putArray("columnDefinitions");
    if (columns && withColumns) {
      for (var column : resource.columns().columns()) {
        definitions
            .addObject()
            .put("name", column.name())
            .put("type", column.type())
            .put("format", column.format())
            .put("description", column.description())
            .put("priority", column.priority());
      }
    }
    ArrayNode rows = table.putArray("rows");
    Instant now = Instant.now();
    for (ObjectNode object : objects) {
      ObjectNode row = rows.addObject();
      ArrayNode cells = row.putArray("cells");
      resource.columns().cells(object, now).forEach(cells::add);
      switch (includeObject) {
        case "None" -> {}
        case "Object" -> row.set("object", object);
        default -> row.set("object", partial(object));
      }
    }
    return table;
  }
}
