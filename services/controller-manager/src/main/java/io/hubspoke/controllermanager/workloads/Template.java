package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/** A pod template as deployments tell one from another: whatever its hash label says. */
record Template(ObjectNode tree) {
  static final String HASH_LABEL = "pod-template-hash";

  /** Letters and digits that make no words. */
  private static final String SAFE = "bcdfghjklmnpqrstvwxz2456789";

  private static final int FNV_OFFSET = 0x811c9dc5;
  private static final int FNV_PRIME = 0x01000193;

  static Template of(PodTemplateSpec template) {
    var tree = Json.tree(template);
    if (tree.path("metadata").path("labels") instanceof ObjectNode labels) {
      labels.remove(HASH_LABEL);
    }
    return new Template(tree);
  }

  /**
   * Returns the hash that names a replica set of this template.
   *
   * @param collisions tells names apart that would be the same; null for none
   */
  String hash(Integer collisions) {
    int hash = fnv(FNV_OFFSET, canonical(tree));
    if (collisions != null) {
      hash = fnv(hash, "#" + collisions);
    }
    var name = new StringBuilder();
    for (char digit : Integer.toUnsignedString(hash).toCharArray()) {
      name.append(SAFE.charAt(digit % SAFE.length()));
    }
    return name.toString();
  }

  /** Returns the template with the hash among its labels. */
  PodTemplateSpec labelled(String hash) {
    var copy = tree.deepCopy();
    copy.withObject("/metadata/labels").put(HASH_LABEL, hash);
    return Json.convert(copy, PodTemplateSpec.class);
  }

  private static int fnv(int hash, String text) {
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  /** Writes fields in the order of their names: how they were sent does not matter. */
  private static String canonical(JsonNode node) {
    if (node.isArray()) {
      var items = new StringBuilder("[");
      node.forEach(item -> items.append(canonical(item)).append(','));
      return items.append(']').toString();
    }
    if (!node.isObject()) {
      return node.toString();
    }
    var fields = new TreeMap<String, String>();
    node.properties().forEach(field -> fields.put(field.getKey(), canonical(field.getValue())));
    return fields.toString();
  }
}
