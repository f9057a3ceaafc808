package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.vertx.core.Future;

/**
 * Opens connections into a network. What is beneath decides who connects to whom: the control plane
 * to the target, or a tunnel's far end on its behalf. No implementation ever tries another way than
 * its own.
 */
public interface Dialer {

  /** Returns the name that errors and metrics give this way, such as {@code ssh}. */
  String name();

  /**
   * Connects to a target. The result is paused, and lives on the event loop of the context that
   * calls; so do its handlers, and so must whoever uses it.
   *
   * <p>It fails with a {@link TunnelDownException} when the tunnel itself is at fault, at once
   * rather than by waiting for it, and with another {@link java.io.IOException} when the far end
   * can't reach the target.
   */
  Future<Duplex> dial(Target target);

  /** Ends the connections and what carries them. */
  Future<Void> close();
}
