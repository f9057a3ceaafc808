package io.hubspoke.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Applies strategic merge patches: as JSON merge patches, but lists of built-in types are merged by
 * key, and directives ({@code $patch}, {@code $deleteFromPrimitiveList}, {@code $setElementOrder},
 * {@code $retainKeys}) say what merging cannot (Kubernetes, "Update API Objects in Place Using
 * kubectl patch").
 */
public final class StrategicMergePatch {
  private static final String DIRECTIVE = "$patch";
  private static final String RETAIN_KEYS = "$retainKeys";
  private static final String DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";
  private static final String ELEMENT_ORDER = "$setElementOrder/";

  private StrategicMergePatch() {}

  /**
   * Returns the patched object; changes neither argument.
   *
   * @param group the object's API group, which with its kind decides how lists merge
   * @throws ApiException 400 for a malformed directive, 422 when the patch does not fit the object
   */
  public static ObjectNode apply(String group, String kind, ObjectNode target, ObjectNode patch) {
    return merge(target.deepCopy(), patch, PatchSchema.of(group, kind));
  }

  private static ObjectNode merge(ObjectNode target, ObjectNode patch, PatchSchema schema) {
    JsonNode directive = patch.get(DIRECTIVE);
    if (directive != null) {
      switch (directive.asText()) {
        case "replace" -> {
          ObjectNode replacement = patch.deepCopy();
          replacement.remove(DIRECTIVE);
          return replacement;
        }
        case "delete" -> {
          return Json.object();
        }
        case "merge" -> {}
        default -> throw unknownDirective(directive);
      }
    }
    retainKeys(target, patch);
    for (var entry : patch.properties()) {
      String name = entry.getKey();
      JsonNode value = entry.getValue();
      if (name.equals(DIRECTIVE) || name.equals(RETAIN_KEYS)) {
        continue;
      }
      if (name.startsWith(DELETE_PRIMITIVES)) {
        deletePrimitives(target, name.substring(DELETE_PRIMITIVES.length()), value);
      } else if (name.startsWith(ELEMENT_ORDER)) {
        String list = name.substring(ELEMENT_ORDER.length());
        if (!patch.has(list)) {
          reorder(target, list, value, schema);
        }
      } else if (value.isNull()) {
        target.remove(name);
      } else {
        target.set(name, mergeField(target.get(name), name, patch, schema));
      }
    }
    return target;
  }

  private static JsonNode mergeField(
      JsonNode before, String name, ObjectNode patch, PatchSchema schema) {
    PatchSchema.Field field = schema.field(name);
    return switch (patch.get(name)) {
      case ObjectNode value when field.replaced() -> value.deepCopy();
      case ObjectNode value ->
          merge(before instanceof ObjectNode o ? o : Json.object(), value, field.schema());
      case ArrayNode value when field.mergeKey() == null -> replaceList(value);
      case ArrayNode value ->
          mergeList(
              before instanceof ArrayNode a ? a : value.arrayNode(),
              value,
              field,
              order(patch.get(ELEMENT_ORDER + name), field.mergeKey()));
      case JsonNode value -> value.deepCopy();
    };
  }

  private static JsonNode replaceList(ArrayNode value) {
    ArrayNode list = value.arrayNode(value.size());
    for (JsonNode element : value) {
      if (element.has(DIRECTIVE)) {
        // In a list that is replaced anyway, the directive itself is no element.
        continue;
      }
      list.add(element.deepCopy());
    }
    return list;
  }

  /** Merges a list of objects by key, or of primitives by value. */
  private static ArrayNode mergeList(
      ArrayNode before, ArrayNode patch, PatchSchema.Field field, List<String> givenOrder) {
    String mergeKey = field.mergeKey();
    Map<String, JsonNode> merged = new LinkedHashMap<>();
    List<String> serverOrder = new ArrayList<>();
    for (JsonNode element : before) {
      String key = keyOf(element, mergeKey);
      // A list that the server holds may name a key twice; the later one is told apart by its
      // index.
      if (merged.containsKey(key)) {
        key += "\0" + serverOrder.size();
      }
      merged.put(key, element);
      serverOrder.add(key);
    }
    boolean replace = false;
    List<String> patchOrder = new ArrayList<>();
    for (JsonNode element : patch) {
      String directive = element.path(DIRECTIVE).asText("");
      switch (directive) {
        case "replace" -> replace = true;
        case "delete" -> merged.remove(keyOf(element, mergeKey));
        case "", "merge" -> {
          if (element.isObject() == mergeKey.isEmpty()) {
            throw Status.badRequest("invalid patch format of primitive list").toException();
          }
          patchOrder.add(keyOf(element, mergeKey));
        }
        default -> throw unknownDirective(element.get(DIRECTIVE));
      }
    }
    if (replace) {
      return (ArrayNode) replaceList(patch);
    }
    for (JsonNode element : patch) {
      String directive = element.path(DIRECTIVE).asText("");
      if (directive.isEmpty() || directive.equals("merge")) {
        JsonNode old = merged.get(keyOf(element, mergeKey));
        merged.put(
            keyOf(element, mergeKey),
            element instanceof ObjectNode object
                ? merge(old instanceof ObjectNode o ? o : Json.object(), object, field.schema())
                : element);
      }
    }
    if (givenOrder != null && !new HashSet<>(givenOrder).containsAll(patchOrder)) {
      throw badOrder();
    }
    return ordered(merged, givenOrder == null ? patchOrder : givenOrder, serverOrder);
  }

  /** Sorts a list that the patch orders without changing an element. */
  private static void reorder(ObjectNode target, String name, JsonNode order, PatchSchema schema) {
    PatchSchema.Field field = schema.field(name);
    if (field.mergeKey() != null && target.get(name) instanceof ArrayNode list) {
      target.set(name, mergeList(list, list.arrayNode(), field, order(order, field.mergeKey())));
    }
  }

  /**
   * Puts the elements that the patch names in its order, and the server's others where they were
   * among them; those follow an element that only the patch has.
   */
  private static ArrayNode ordered(
      Map<String, JsonNode> merged, List<String> patchOrder, List<String> serverOrder) {
    Map<String, Integer> serverIndex = new HashMap<>();
    for (String key : serverOrder) {
      serverIndex.put(key, serverIndex.size());
    }
    Set<String> named = new HashSet<>(patchOrder);
    List<String> left = patchOrder.stream().distinct().filter(merged::containsKey).toList();
    List<String> right =
        serverOrder.stream().filter(k -> !named.contains(k) && merged.containsKey(k)).toList();
    ArrayNode result = Json.object().arrayNode(merged.size());
    int l = 0;
    int r = 0;
    while (l < left.size() || r < right.size()) {
      boolean takeLeft;
      if (l == left.size() || r == right.size()) {
        takeLeft = l < left.size();
      } else {
        Integer index = serverIndex.get(left.get(l));
        takeLeft = index != null && index < serverIndex.get(right.get(r));
      }
      result.add(merged.get(takeLeft ? left.get(l++) : right.get(r++)));
    }
    return result;
  }

  private static List<String> order(JsonNode order, String mergeKey) {
    if (order == null) {
      return null;
    }
    if (!order.isArray()) {
      throw badOrder();
    }
    List<String> keys = new ArrayList<>(order.size());
    order.forEach(element -> keys.add(keyOf(element, mergeKey)));
    return keys;
  }

  private static void retainKeys(ObjectNode target, ObjectNode patch) {
    JsonNode keys = patch.get(RETAIN_KEYS);
    if (keys == null) {
      return;
    }
    Set<String> retained = new HashSet<>();
    for (JsonNode key : keys) {
      retained.add(key.asText());
    }
    for (var field : patch.properties()) {
      if (!field.getKey().startsWith("$")
          && !field.getValue().isNull()
          && !retained.contains(field.getKey())) {
        throw Status.badRequest("invalid patch format of retainKeys").toException();
      }
    }
    target.retain(retained);
  }

  private static void deletePrimitives(ObjectNode target, String name, JsonNode values) {
    if (!values.isArray()) {
      throw Status.badRequest("invalid patch format of primitive list").toException();
    }
    if (target.get(name) instanceof ArrayNode list) {
      Set<JsonNode> gone = new HashSet<>();
      values.forEach(gone::add);
      ArrayNode kept = list.arrayNode(list.size());
      list.forEach(
          element -> {
            if (!gone.contains(element)) {
              kept.add(element);
            }
          });
      target.set(name, kept);
    }
  }

  private static String keyOf(JsonNode element, String mergeKey) {
    if (mergeKey.isEmpty()) {
      return element.asText();
    }
    JsonNode key = element.get(mergeKey);
    if (key == null || key.isContainerNode()) {
      throw PatchRejection.of(
          "map: " + brief(element) + " does not contain declared merge key: " + mergeKey);
    }
    return key.asText();
  }

  private static String brief(JsonNode element) {
    String text = element.toString();
    return text.length() > 200 ? text.substring(0, 200) + "..." : text;
  }

  private static ApiException unknownDirective(JsonNode directive) {
    return Status.badRequest("unknown patch type found: " + brief(directive)).toException();
  }

  private static ApiException badOrder() {
    return Status.badRequest("invalid patch format of setElementOrder list").toException();
  }
}
