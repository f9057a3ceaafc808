package io.hubspoke.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Applies JSON merge patches (RFC 7386). */
public final class MergePatch {
  private MergePatch() {}

  /** Returns the patched value; changes neither argument. */
  public static JsonNode apply(JsonNode target, JsonNode patch) {
    return merge(target.deepCopy(), patch);
  }

  private static JsonNode merge(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode fields)) {
      return patch.deepCopy();
    }
    ObjectNode result = target instanceof ObjectNode object ? object : Json.object();
    for (var field : fields.properties()) {
      if (field.getValue().isNull()) {
        result.remove(field.getKey());
      } else {
        JsonNode before = result.get(field.getKey());
        result.set(
            field.getKey(), merge(before == null ? result.nullNode() : before, field.getValue()));
      }
    }
    return result;
  }
}
