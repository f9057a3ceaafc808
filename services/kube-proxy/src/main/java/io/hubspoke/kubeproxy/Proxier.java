package io.hubspoke.kubeproxy;

import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.vertx.core.Future;
import java.util.List;

/** Forwards connections as rules say: the packet filter, or this process itself. */
public interface Proxier {
  /** Returns the mode as {@code --proxy-mode} names it. */
  String mode();

  /** Makes it ready, and takes away what an earlier run of it left. */
  Future<Void> start();

  /**
   * Forwards by these rules from now on, which replace all that were given before. Called again
   * only when the last call has completed. What leads to an endpoint that stays goes on.
   */
  Future<Void> apply(List<ServiceRule> rules);

  /** Forwards nothing any more and leaves nothing behind. */
  Future<Void> stop();
}
