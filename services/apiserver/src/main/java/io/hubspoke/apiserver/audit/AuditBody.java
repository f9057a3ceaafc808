package io.hubspoke.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Yaml;
import io.hubspoke.api.protobuf.Protobuf;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * What was sent in one direction, as it was on the wire. It is read where events are written, so
 * that no event loop has to.
 */
record AuditBody(Buffer bytes, String contentType, boolean gzip) {
  static final AuditBody NONE = new AuditBody(Buffer.buffer(), "", false);

  /** Above this, an object is left out of its event (the real one's truncation). */
  static final int MOST_BYTES = 10 * 1024 * 1024;

  int size() {
    return bytes.length();
  }

  /** Returns the object in it; empty when there is none, or none that can be read. */
  Optional<JsonNode> object(boolean withoutManagedFields) {
    if (size() == 0) {
      return Optional.empty();
    }
    try {
      JsonNode object = parse(gzip ? inflated() : bytes.getBytes());
      if (withoutManagedFields) {
        removeManagedFields(object);
        object.path("items").forEach(AuditBody::removeManagedFields);
      }
      return Optional.of(object);
    } catch (ApiException | IOException e) {
      // What the server refused as malformed is no object.
      return Optional.empty();
    }
  }

  private JsonNode parse(byte[] content) {
    String type = contentType.toLowerCase(Locale.ROOT);
    if (type.startsWith(Protobuf.MEDIA_TYPE)) {
      return Protobuf.parseObject(content);
    }
    return type.contains("yaml") ? Yaml.parseObject(content) : Json.parse(content);
  }

  private byte[] inflated() throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes.getBytes()))) {
      byte[] content = in.readNBytes(MOST_BYTES + 1);
      if (content.length > MOST_BYTES) {
        throw new IOException("too large");
      }
      return content;
    }
  }

  private static void removeManagedFields(JsonNode object) {
    if (object.path("metadata") instanceof ObjectNode metadata) {
      metadata.remove("managedFields");
    }
  }
}
