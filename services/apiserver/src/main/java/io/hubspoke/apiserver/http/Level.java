package io.hubspoke.apiserver.http;

import java.util.Set;

/**
 * Whose turn a request waits for, after the real apiserver's suggested priority levels ("API
 * Priority and Fairness", recommended configuration objects).
 */
enum Level {
  /** The scheduler and the controllers (workload-high). */
  CONTROL_PLANE,

  /** What nodes say of themselves, without which they count as gone (node-high). */
  NODE_HEALTH,

  /** What else nodes and the system's service accounts do (system). */
  SYSTEM,

  /** Everybody else. */
  OTHERS;

  private static final Set<String> COMPONENTS =
      Set.of("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler");

  static Level of(RequestInfo info, User user) {
    if (COMPONENTS.contains(user.name())) {
      return CONTROL_PLANE;
    }
    if (user.inGroup("system:nodes")) {
      return isHealth(info) ? NODE_HEALTH : SYSTEM;
    }
    return user.inGroup("system:serviceaccounts:kube-system") ? SYSTEM : OTHERS;
  }

  private static boolean isHealth(RequestInfo info) {
    return switch (info.resource()) {
      case "nodes" -> info.group().isEmpty();
      case "leases" -> info.namespace().equals("kube-node-lease");
      default -> false;
    };
  }

  /** Returns whether the places that are kept for nodes and the control plane are its too. */
  boolean isSystem() {
    return this != OTHERS;
  }
}
