package io.hubspoke.apiserver.http;

import java.util.Set;

/**
 * Whose turn a request waits for, after the real apiserver's suggested priority levels ("API
 * Priority and Fairness", recommended configuration objects).
 */
enum Level {
  /** The scheduler and the controllers (workload-high). */
  CONTROL_PLANE,

  /**
   * What nodes and leaders say of themselves, without which they count as gone (node-high,
   * leader-election).
   */
  HEALTH,

  /** What else nodes and the system's service accounts do (system). */
  SYSTEM,

  /** Everybody else. */
  OTHERS;

  private static final Set<String> COMPONENTS =
      Set.of("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler");

  static Level of(RequestInfo info, User user) {
    boolean component = COMPONENTS.contains(user.name());
    boolean node = user.inGroup("system:nodes");
    if ((node || component) && isHealth(info, node)) {
      return HEALTH;
    }
    if (component) {
      return CONTROL_PLANE;
    }
    return node || user.inGroup("system:serviceaccounts:kube-system") ? SYSTEM : OTHERS;
  }

  private static boolean isHealth(RequestInfo info, boolean node) {
    return switch (info.resource()) {
      case "nodes" -> node && info.group().isEmpty();
      case "leases" -> info.namespace().equals(node ? "kube-node-lease" : "kube-system");
      default -> false;
    };
  }

  /** Returns whether the places that are kept for nodes and the control plane are its too. */
  boolean isSystem() {
    return this != OTHERS;
  }
}
