package io.hubspoke.apiserver.http;

import java.util.List;
import java.util.Map;

/** Who makes a request, as an authenticator established it. */
public record User(String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  /** The user of a request without credentials. */
  public static final User ANONYMOUS =
      new User("system:anonymous", "", List.of("system:unauthenticated"), Map.of());

  public User {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }

  public boolean inGroup(String group) {
    return groups.contains(group);
  }
}
