package io.hubspoke.apiserver.resources;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Reads the notation of shapes. */
final class ShapeParser {
  private final String text;
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
      boolean array = skip("[]");
      boolean map = skip("%");
      Shape shape;
      if (skip("{")) {
        shape = fields();
        if (!skip("}")) {
          throw new IllegalArgumentException("expected } after " + name);
        }
      } else if (skip(":")) {
        shape = Shape.Scalar.valueOf(word().toUpperCase(Locale.ROOT));
      } else {
        throw new IllegalArgumentException("expected a type after " + name);
      }
      fields.put(name, array ? new Shape.Array(shape) : map ? new Shape.Mapping(shape) : shape);
    } while (skip(","));
    return new Shape.Fields(fields);
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
