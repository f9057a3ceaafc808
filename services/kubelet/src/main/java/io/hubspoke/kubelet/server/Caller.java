package io.hubspoke.kubelet.server;

import java.util.List;
import java.util.Map;

/**
 * Who calls the API.
 *
 * @param uid may be empty
 * @param extra what else the authenticator knows; passed on to the authorizer
 */
record Caller(String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  /** Nobody in particular. */
  static final Caller ANONYMOUS =
      new Caller("system:anonymous", "", List.of("system:unauthenticated"), Map.of());

  Caller {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }
}
