package io.hubspoke.konnectivity.server;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;

/**
 * What an agent says that it reaches.
 *
 * @param hosts names and addresses that are its own; kinds are not told apart, as a dial has none
 * @param defaultRoute whether it reaches everything
 */
record AgentIdentifiers(Set<String> hosts, boolean defaultRoute) {
  AgentIdentifiers {
    hosts = Set.copyOf(hosts);
  }

  /**
   * Reads a URL query; kinds that are not known are passed over, since later agents have more.
   *
   * @throws IllegalArgumentException when it is none
   */
  static AgentIdentifiers parse(String query) {
    Set<String> hosts = new LinkedHashSet<>();
    boolean everything = false;
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String kind = decoded(equals < 0 ? pair : pair.substring(0, equals));
      String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
      switch (kind) {
        case "ipv4", "ipv6", "host" -> hosts.add(value);
        case "default-route" -> everything |= isTrue(value);
        default -> {}
      }
    }
    return new AgentIdentifiers(hosts, everything);
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("fail to parse url encoded string: " + text, e);
    }
  }

  /** What Go's {@code ParseBool} takes for true. */
  private static boolean isTrue(String value) {
    return value.equals("1") || value.toLowerCase(Locale.ROOT).matches("t|true");
  }
}
