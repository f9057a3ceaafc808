package io.hubspoke.konnectivity.agent;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Checks what an agent says of itself that it can reach: a URL query of types and values. */
final class AgentIdentifiers {
  private static final List<String> TYPES =
      List.of("ipv4", "ipv6", "host", "cidr", "default-route");

  private AgentIdentifiers() {}

  /**
   * Returns them as they are sent. Values are the server's to judge, as they are with the real
   * agent.
   *
   * @throws IllegalArgumentException when they are no query, or a type is not known
   */
  static String check(String query) {
    if (query.chars().anyMatch(c -> c < ' ' || c > '~')) {
      throw new IllegalArgumentException("what is not printable ASCII must be encoded as in URLs");
    }
    if (query.indexOf(';') >= 0) {
      throw new IllegalArgumentException("\";\" must be encoded as in URLs; pairs are parted by &");
    }
    for (var pair : query.split("&", -1)) {
      var equals = pair.indexOf('=');
      var type = decode(equals < 0 ? pair : pair.substring(0, equals));
      decode(equals < 0 ? "" : pair.substring(equals + 1));
      if (!pair.isEmpty() && !TYPES.contains(type)) {
        throw new IllegalArgumentException(
            "\"" + type + "\" is not known, expected " + String.join(", ", TYPES));
      }
    }
    return query;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + text + "\" is not encoded as in URLs", e);
    }
  }
}
