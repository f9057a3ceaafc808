package io.hubspoke.kubelet.runtime.shell;

import java.io.IOException;

/** Computes with whole numbers: + - * / %, comparisons, parentheses and variables. */
final class Arithmetic {
  private static final int MAX_DEPTH = 100;

  private final String text;
  private final Environment environment;
  private int at;
  private int depth;

  Arithmetic(String text, Environment environment) {
    this.text = text;
    this.environment = environment;
  }

  long value() throws IOException {
    long value = comparison();
    if (at < text.length()) {
      throw syntax();
    }
    return value;
  }

  private long comparison() throws IOException {
    long left = sum();
    while (true) {
      if (accept("==")) {
        left = left == sum() ? 1 : 0;
      } else if (accept("!=")) {
        left = left != sum() ? 1 : 0;
      } else if (accept("<=")) {
        left = left <= sum() ? 1 : 0;
      } else if (accept(">=")) {
        left = left >= sum() ? 1 : 0;
      } else if (accept("<")) {
        left = left < sum() ? 1 : 0;
      } else if (accept(">")) {
        left = left > sum() ? 1 : 0;
      } else {
        return left;
      }
    }
  }

  private long sum() throws IOException {
    long left = product();
    while (true) {
      if (accept("+")) {
        left += product();
      } else if (accept("-")) {
        left -= product();
      } else {
        return left;
      }
    }
  }

  private long product() throws IOException {
    long left = unary();
    while (true) {
      if (accept("*")) {
        left *= unary();
      } else if (accept("/")) {
        left /= divisor();
      } else if (accept("%")) {
        left %= divisor();
      } else {
        return left;
      }
    }
  }

  private long divisor() throws IOException {
    long divisor = unary();
    if (divisor == 0) {
      throw new IOException("arithmetic: divide by zero");
    }
    return divisor;
  }

  private long unary() throws IOException {
    if (++depth > MAX_DEPTH) {
      throw syntax();
    }
    try {
      if (accept("-")) {
        return -unary();
      }
      if (accept("(")) {
        long inside = comparison();
        if (!accept(")")) {
          throw syntax();
        }
        return inside;
      }
      return operand();
    } finally {
      depth--;
    }
  }

  private long operand() throws IOException {
    space();
    int start = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
      at++;
    }
    String word = text.substring(start, at);
    space();
    if (Parser.isName(word)) {
      String value = environment.get(word);
      word = value == null || value.isEmpty() ? "0" : value;
    }
    try {
      return Long.parseLong(word);
    } catch (NumberFormatException e) {
      throw syntax();
    }
  }

  private boolean accept(String symbol) {
    space();
    if (!text.startsWith(symbol, at)) {
      return false;
    }
    at += symbol.length();
    space();
    return true;
  }

  private void space() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
  }

  private IOException syntax() {
    return new IOException("arithmetic: syntax error in \"" + text + "\"");
  }
}
