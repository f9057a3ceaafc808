package io.hubspoke.apiserver.http;

import io.vertx.core.http.HttpServerResponse;
import java.util.Collection;

/** Tells clients of what they may have meant otherwise, in headers (RFC 7234, "Warning"). */
public final class Warnings {
  /** What is longer in total is cut: proxies and clients refuse great heads. */
  private static final int MAX_TOTAL = 4_096;

  private static final int MAX_EACH_OF_MANY = 256;

  private Warnings() {}

  /** Adds a header for each text, in its order, as long as there is room. */
  public static void add(HttpServerResponse response, Collection<String> texts) {
    boolean many = texts.stream().mapToInt(String::length).sum() > MAX_TOTAL;
    int total = 0;
    for (String text : texts) {
      int length = many ? Math.min(text.length(), MAX_EACH_OF_MANY) : text.length();
      if (total >= MAX_TOTAL) {
        return;
      }
      total += length;
      response.headers().add("Warning", "299 - " + quoted(text.substring(0, length)));
    }
  }

  /** Quotes a text that a client may have made up: it must not end the header. */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\');
      }
      quoted.append(c < ' ' || c > '~' ? '?' : c);
    }
    return quoted.append('"').toString();
  }
}
