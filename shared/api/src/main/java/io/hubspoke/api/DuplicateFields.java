package io.hubspoke.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;

/** Finds the fields that are given more than once in a JSON text, and where. */
final class DuplicateFields {
  /** An object or an array that is being read. */
  private static final class Level {
    private final String path;
    private final Set<String> names = new HashSet<>();
    private final boolean array;
    private String name = "";
    private int index = -1;

    Level(String path, boolean array) {
      this.path = path;
      this.array = array;
    }

    String child() {
      return array ? path + "[" + index + "]" : path.isEmpty() ? name : path + "." + name;
    }
  }

  private DuplicateFields() {}

  /** Tells the path of each, such as {@code spec.containers[0].name}; the text is well-formed. */
  static void find(JsonParser parser, Consumer<String> found) throws IOException {
    Deque<Level> levels = new ArrayDeque<>();
    for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
      Level level = levels.peek();
      if (token == JsonToken.FIELD_NAME && level != null) {
        level.name = parser.currentName();
        if (!level.names.add(level.name)) {
          found.accept(level.child());
        }
        continue;
      }
      if (token.isStructEnd()) {
        levels.pop();
        continue;
      }
      if (level != null) {
        level.index++;
      }
      if (token.isStructStart()) {
        levels.push(new Level(level == null ? "" : level.child(), token == JsonToken.START_ARRAY));
      }
    }
  }
}
