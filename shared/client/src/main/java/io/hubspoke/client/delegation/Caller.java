package io.hubspoke.client.delegation;

import java.util.List;
import java.util.Map;

/**
 * Who calls a component.
 *
 * @param uid may be empty
 * @param extra what else the authenticator knows; passed on to the authorizer
 */
public record Caller(
    String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  /** Nobody in particular. */
  public static final Caller ANONYMOUS =
      new Caller("system:anonymous", "", List.of("system:unauthenticated"), Map.of());

  public Caller {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }
}
