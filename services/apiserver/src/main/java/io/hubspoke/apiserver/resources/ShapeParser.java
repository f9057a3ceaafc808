package io.hubspoke.apiserver.resources;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Reads the notation of shapes. */
final class ShapeParser {
  private final String text;
  private final Map<String, Shape> types = new HashMap<>();
  private int position;

  ShapeParser(String text) {
    this.text = text;
  }

  Shape.Fields parse() {
    Shape.Fields fields = fields();
    if (position != text.length()) {
      throw new IllegalArgumentException("unexpected '" + text.substring(position) + "'");
    }
    return fields;
  }

  private Shape.Fields fields() {
    Map<String, Shape> fields = new LinkedHashMap<>();
    do {
      String name = word();
      if (skip("=")) {
        types.put(name, braced(name));
        continue;
      }
      boolean array = skip("[]");
      boolean map = skip("%");
      Shape shape;
      if (skip(":")) {
        shape = named(word());
      } else {
        shape = braced(name);
      }
      fields.put(name, array ? new Shape.Array(shape) : map ? new Shape.Mapping(shape) : shape);
    } while (skip(","));
    return new Shape.Fields(fields);
  }

  private Shape.Fields braced(String name) {
    if (!skip("{")) {
      throw new IllegalArgumentException("expected a type after " + name);
    }
    Shape.Fields fields = fields();
    if (!skip("}")) {
      throw new IllegalArgumentException("expected } after " + name);
    }
    return fields;
  }

  private Shape named(String type) {
    Shape defined = types.get(type);
    return defined == null ? Shape.Scalar.valueOf(type.toUpperCase(Locale.ROOT)) : defined;
  }

  private String word() {
    skipSpace();
    int start = position;
    while (position < text.length()
        && (Character.isLetterOrDigit(text.charAt(position)) || text.charAt(position) == '_')) {
      position++;
    }
    return text.substring(start, position);
  }

  private boolean skip(String symbol) {
    skipSpace();
    if (text.startsWith(symbol, position)) {
      position += symbol.length();
      skipSpace();
      return true;
    }
    return false;
  }

  private void skipSpace() {
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
  }
}
