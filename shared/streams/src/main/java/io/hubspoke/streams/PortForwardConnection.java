package io.hubspoke.streams;

import io.vertx.core.Future;

/** A client's connection to a pod, over which any number of its ports are reached. */
public interface PortForwardConnection {

  /**
   * Opens a connection to the port. The far end dials after this completes: that it could not, or
   * why it ended, comes to the duplex's exception handler and fails its {@link Duplex#closed()}.
   */
  Future<Duplex> open(int port);

  /** Ends it, and all that was opened over it. */
  Future<Void> close();

  /** Completes when it has ended, however it did. */
  Future<Void> closed();
}
