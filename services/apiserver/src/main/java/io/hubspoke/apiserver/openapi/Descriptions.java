package io.hubspoke.apiserver.openapi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** What kinds are, a sentence each; read when documents are made. */
final class Descriptions {
  private static final Map<String, String> FIELDS =
      Map.of(
          "apiVersion", "The group and version of the API that the object is written in.",
          "kind", "The kind of object.",
          "metadata", "The object's name, labels and what else every object has.",
          "spec", "What is wanted.",
          "status", "What was last seen; set by the system.",
          "items", "The objects.");

  private final Map<String, String> kinds = new HashMap<>();

  Descriptions() {
    for (String line : text().split("\n", -1)) {
      int space = line.indexOf(' ');
      if (space > 0) {
        kinds.put(line.substring(0, space), line.substring(space + 1));
      }
    }
  }

  /**
   * Returns what a type is, empty when nothing is said about it.
   *
   * @param type such as {@code core.v1.Pod}
   */
  String of(String type) {
    String known = kinds.getOrDefault(type, "");
    if (known.isEmpty()
        && type.endsWith("List")
        && kinds.containsKey(type.substring(0, type.length() - 4))) {
      return "Several objects of the kind, as they were at one moment.";
    }
    return known;
  }

  /** Returns what a field is that all kinds have, otherwise nothing. */
  String ofField(String name) {
    return FIELDS.getOrDefault(name, "");
  }

  private static String text() {
    try (var in = Descriptions.class.getResourceAsStream("descriptions.txt")) {
      if (in == null) {
        throw new IllegalStateException("the descriptions of the kinds are missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
