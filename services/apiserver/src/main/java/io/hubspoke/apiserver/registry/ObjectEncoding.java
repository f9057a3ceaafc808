package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.resources.Conversion;
import io.hubspoke.apiserver.resources.Resource;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a type's objects are written once and shared by everyone who reads them. The stored bytes
 * begin with kind, version and {@code metadata}, and lack {@code metadata.resourceVersion}, which
 * the store assigns only after they are made; readers splice it in at a place that is the same for
 * every object of the type. A type that is stored in another version is written anew for each
 * reader.
 */
final class ObjectEncoding {
  private final ResourceType type;
  private final Conversion conversion;
  private final byte[] head;
  private final int itemStart;

  ObjectEncoding(Resource resource) {
    this.conversion = resource.conversion();
    this.type = conversion.stored(resource.type());
    String envelope =
        "{\"kind\":\"" + type.kind() + "\",\"apiVersion\":\"" + type.apiVersion() + "\",";
    this.itemStart = envelope.length();
    this.head = (envelope + "\"metadata\":{").getBytes(StandardCharsets.UTF_8);
  }

  /** Writes an object as the store keeps it; the object must have a name. */
  Buffer encode(ObjectNode served) {
    ObjectNode object = conversion.toStored(served);
    ObjectNode ordered = Json.object();
    ordered.put("kind", type.kind()).put("apiVersion", type.apiVersion());
    ObjectNode meta = ordered.putObject("metadata");
    meta.setAll(Meta.of(object));
    meta.remove("resourceVersion");
    object
        .properties()
        .forEach(
            e -> {
              if (!ordered.has(e.getKey())) {
                ordered.set(e.getKey(), e.getValue());
              }
            });
    return Buffer.buffer(Json.bytes(ordered));
  }

  /** Reads an object as clients see it, in a tree of its own. */
  ObjectNode decode(Buffer value, long revision) {
    ObjectNode object = conversion.fromStored(Json.parseObject(value.getBytes()));
    Meta.of(object).put("resourceVersion", Long.toString(revision));
    return object;
  }

  /** Appends an object as clients see it. */
  void append(Buffer out, Buffer value, long revision) {
    if (conversion != Conversion.NONE) {
      out.appendBytes(Json.bytes(decode(value, revision)));
      return;
    }
    out.appendBuffer(value, 0, head.length);
    appendRest(out, value, revision);
  }

  /** Appends an object as an item of a list, whose kind goes without saying. */
  void appendItem(Buffer out, Buffer value, long revision) {
    if (conversion != Conversion.NONE) {
      ObjectNode item = decode(value, revision);
      item.remove(List.of("kind", "apiVersion"));
      out.appendBytes(Json.bytes(item));
      return;
    }
    out.appendByte((byte) '{');
    out.appendBuffer(value, itemStart, head.length - itemStart);
    appendRest(out, value, revision);
  }

  private void appendRest(Buffer out, Buffer value, long revision) {
    // What was only tried has no revision.
    if (revision > 0) {
      out.appendString("\"resourceVersion\":\"")
          .appendString(Long.toString(revision))
          .appendString("\",");
    }
    out.appendBuffer(value, head.length, value.length() - head.length);
  }
}
