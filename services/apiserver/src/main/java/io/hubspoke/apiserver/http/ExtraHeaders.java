package io.hubspoke.apiserver.http;

import io.vertx.core.MultiMap;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Reads what else is known of a user: its keys are what header names end with, escaped. */
public final class ExtraHeaders {
  private ExtraHeaders() {}

  /**
   * Returns the values by their keys.
   *
   * @param prefixes what the headers' names begin with, in lower case
   */
  public static Map<String, List<String>> read(MultiMap headers, Collection<String> prefixes) {
    Map<String, List<String>> extra = new TreeMap<>();
    for (String header : headers.names()) {
      String lower = header.toLowerCase(Locale.ROOT);
      for (String prefix : prefixes) {
        if (lower.startsWith(prefix)) {
          extra.putIfAbsent(
              unescaped(lower.substring(prefix.length())), List.copyOf(headers.getAll(header)));
        }
      }
    }
    return extra;
  }

  private static String unescaped(String key) {
    try {
      return URLDecoder.decode(key.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // Taken as it stands, as the real apiserver does with keys that are no escapes.
      return key;
    }
  }
}
