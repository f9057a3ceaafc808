package io.hubspoke.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Applies JSON patches (RFC 6902). What an operation costs is counted, so that a hostile patch
 * fails before it has used much time or memory.
 */
public final class JsonPatch {
  /** Most operations in a patch, as in the real apiserver. */
  public static final int MAX_OPERATIONS = 10_000;

  // Nodes copied and compared, and array elements moved; far beyond what an object of 3 MB needs.
  private static final long MAX_COST = 20_000_000;

  private long cost;
  private JsonNode document;

  private JsonPatch(JsonNode document) {
    this.document = document;
  }

  /**
   * Returns the patched document; changes neither argument.
   *
   * @throws ApiException 400 for a malformed patch, 413 for one that is too large, 422 when an
   *     operation cannot be applied or a test fails
   */
  public static JsonNode apply(JsonNode target, JsonNode patch) {
    if (!patch.isArray()) {
      throw Status.badRequest("a JSON patch must be an array of operations").toException();
    }
    if (patch.size() > MAX_OPERATIONS) {
      throw Status.tooLarge(
              "The allowed maximum operations in a JSON patch is "
                  + MAX_OPERATIONS
                  + ", got "
                  + patch.size())
          .toException();
    }
    JsonPatch run = new JsonPatch(target.deepCopy());
    for (JsonNode operation : patch) {
      run.apply(operation);
    }
    return run.document;
  }

  private void apply(JsonNode operation) {
    String op = text(operation, "op");
    List<String> path = pointer(text(operation, "path"));
    switch (op) {
      case "add" -> add(path, copy(value(operation)));
      case "remove" -> remove(path);
      case "replace" -> replace(path, copy(value(operation)));
      case "move" -> {
        List<String> from = pointer(text(operation, "from"));
        if (path.size() > from.size() && path.subList(0, from.size()).equals(from)) {
          throw rejected("move: a value cannot be moved into one of its children");
        }
        JsonNode moved = find(from);
        if (!path.equals(from)) {
          remove(from);
          add(path, moved);
        }
      }
      case "copy" -> add(path, copy(find(pointer(text(operation, "from")))));
      case "test" -> {
        JsonNode expected = value(operation);
        charge(size(expected, 0));
        if (!same(find(path), expected)) {
          throw rejected("testing value " + text(operation, "path") + " failed: test failed");
        }
      }
      default -> throw rejected("Unexpected kind: " + op);
    }
  }

  private void add(List<String> path, JsonNode value) {
    checkDepth(path, value);
    if (path.isEmpty()) {
      document = value;
      return;
    }
    switch (parent(path)) {
      case ObjectNode object -> object.set(path.getLast(), value);
      case ArrayNode array -> {
        int index =
            path.getLast().equals("-")
                ? array.size()
                : index(path.getLast(), array.size() + 1, path);
        charge(array.size() - index);
        array.insert(index, value);
      }
      default -> throw missing(path);
    }
  }

  private void remove(List<String> path) {
    if (path.isEmpty()) {
      throw rejected("remove operation does not apply: the whole document cannot be removed");
    }
    switch (parent(path)) {
      case ObjectNode object when object.has(path.getLast()) -> object.remove(path.getLast());
      case ArrayNode array -> {
        int index = index(path.getLast(), array.size(), path);
        charge(array.size() - index);
        array.remove(index);
      }
      default -> throw missing(path);
    }
  }

  private void replace(List<String> path, JsonNode value) {
    checkDepth(path, value);
    if (path.isEmpty()) {
      document = value;
      return;
    }
    switch (parent(path)) {
      case ObjectNode object when object.has(path.getLast()) -> object.set(path.getLast(), value);
      case ArrayNode array -> array.set(index(path.getLast(), array.size(), path), value);
      default -> throw missing(path);
    }
  }

  private JsonNode parent(List<String> path) {
    return find(path.subList(0, path.size() - 1));
  }

  private JsonNode find(List<String> path) {
    JsonNode node = document;
    for (String step : path) {
      node =
          switch (node) {
            case ObjectNode object -> object.get(step);
            case ArrayNode array -> array.get(index(step, array.size(), path));
            default -> null;
          };
      if (node == null) {
        throw missing(path);
      }
    }
    return node;
  }

  private JsonNode copy(JsonNode value) {
    charge(size(value, 0));
    return value.deepCopy();
  }

  private void charge(long units) {
    cost += units;
    if (cost > MAX_COST) {
      throw Status.tooLarge("the JSON patch costs too much to apply").toException();
    }
  }

  /** Keeps documents as shallow as those that are read, which recursion relies on. */
  private void checkDepth(List<String> path, JsonNode value) {
    charge(size(value, 0));
    if (path.size() + depth(value) > Json.MAX_DEPTH) {
      throw Status.tooLarge("the JSON patch nests deeper than " + Json.MAX_DEPTH).toException();
    }
  }

  private static int depth(JsonNode node) {
    int deepest = 0;
    for (JsonNode child : node) {
      deepest = Math.max(deepest, depth(child));
    }
    return node.isContainerNode() ? deepest + 1 : 0;
  }

  private static long size(JsonNode node, long before) {
    long size = before + 1;
    for (JsonNode child : node) {
      size = size(child, size);
    }
    return size;
  }

  /** Compares as RFC 6902 section 4.6 says: numbers by value, objects whatever their order. */
  private static boolean same(JsonNode a, JsonNode b) {
    return a.equals(
        (x, y) -> {
          if (x.isNumber() && y.isNumber()) {
            return x.isIntegralNumber() && y.isIntegralNumber()
                ? x.bigIntegerValue().compareTo(y.bigIntegerValue())
                : Double.compare(x.doubleValue(), y.doubleValue());
          }
          return x.equals(y) ? 0 : 1;
        },
        b);
  }

  /** Splits a JSON pointer (RFC 6901). */
  private static List<String> pointer(String text) {
    if (text.isEmpty()) {
      return List.of();
    }
    if (text.charAt(0) != '/') {
      throw rejected("JSON pointer \"" + text + "\" must begin with '/'");
    }
    List<String> steps = new ArrayList<>();
    for (int start = 1; start <= text.length(); ) {
      int slash = text.indexOf('/', start);
      int end = slash < 0 ? text.length() : slash;
      steps.add(text.substring(start, end).replace("~1", "/").replace("~0", "~"));
      if (steps.size() > Json.MAX_DEPTH + 1) {
        throw rejected("JSON pointer has more than " + Json.MAX_DEPTH + " steps");
      }
      start = end + 1;
    }
    return steps;
  }

  private static int index(String step, int size, List<String> path) {
    boolean digits =
        !step.isEmpty() && step.length() < 10 && step.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits || (step.length() > 1 && step.charAt(0) == '0')) {
      throw rejected("invalid array index \"" + step + "\" in path /" + String.join("/", path));
    }
    int index = Integer.parseInt(step);
    if (index >= size) {
      throw rejected("invalid index referenced: " + index + " in path /" + String.join("/", path));
    }
    return index;
  }

  private static String text(JsonNode operation, String field) {
    JsonNode value = operation.get(field);
    if (value == null || !value.isTextual()) {
      throw Status.badRequest("JSON patch operation needs a string \"" + field + "\"")
          .toException();
    }
    return value.textValue();
  }

  private static JsonNode value(JsonNode operation) {
    JsonNode value = operation.get("value");
    if (value == null) {
      throw Status.badRequest("JSON patch operation needs a \"value\"").toException();
    }
    return value;
  }

  private static ApiException missing(List<String> path) {
    return rejected("path /" + String.join("/", path) + " does not exist");
  }

  private static ApiException rejected(String why) {
    return PatchRejection.of(why);
  }
}
