package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.http.User;

/** Tells which node a user is: {@code system:node:<name>} in group {@code system:nodes}. */
public final class NodeIdentity {
  private static final String PREFIX = "system:node:";
  private static final String GROUP = "system:nodes";

  private NodeIdentity() {}

  /** Returns the node's name, or null when the user is not a node. */
  public static String of(User user) {
    return user.name().startsWith(PREFIX) && user.inGroup(GROUP)
        ? user.name().substring(PREFIX.length())
        : null;
  }
}
