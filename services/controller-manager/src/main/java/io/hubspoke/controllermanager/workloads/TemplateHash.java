package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * A short name for a pod template: FNV-1a over its fields in order, in the letters that Kubernetes
 * uses for generated names. Another count of collisions makes another name.
 */
public final class TemplateHash {
  private static final int OFFSET = 0x811c9dc5;
  private static final int PRIME = 0x01000193;
  private static final String LETTERS = "bcdfghjklmnpqrstvwxz2456789";

  private TemplateHash() {}

  /**
   * Returns the name.
   *
   * @param collisions tells names apart that would be the same; 0 for none
   */
  public static String of(JsonNode template, int collisions) {
    var hash = OFFSET;
    for (var b : Json.bytes(sorted(template))) {
      hash = (hash ^ (b & 0xff)) * PRIME;
    }
    if (collisions > 0) {
      for (var b : Integer.toString(collisions).getBytes(StandardCharsets.US_ASCII)) {
        hash = (hash ^ b) * PRIME;
      }
    }
    var name = new StringBuilder();
    Integer.toUnsignedString(hash)
        .chars()
        .forEach(digit -> name.append(LETTERS.charAt(digit % LETTERS.length())));
    return name.toString();
  }

  /** Returns the same value with the fields of all its objects in order. */
  public static JsonNode sorted(JsonNode value) {
    if (value.isObject()) {
      Map<String, JsonNode> fields = new TreeMap<>();
      value.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
      var object = Json.object();
      fields.forEach((name, field) -> object.set(name, sorted(field)));
      return object;
    }
    if (value.isArray()) {
      var array = Json.object().arrayNode();
      value.forEach(element -> array.add(sorted(element)));
      return array;
    }
    return value;
  }
}
