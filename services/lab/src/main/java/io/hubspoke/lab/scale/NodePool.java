package io.hubspoke.lab.scale;

import io.vertx.core.Future;

/**
 * Nodes that run together somewhere: in this process, in another one, or on another machine. What
 * it is told and what it tells are numbers and names; credentials get to its nodes by files.
 */
public interface NodePool {
  /** Starts these nodes; completes when each of them has joined the cluster, or can't. */
  Future<Void> start(NodeRange nodes);

  /** Stops these nodes. */
  Future<Void> stop(NodeRange nodes);

  /** Returns how the pool fares, as far as is known now. */
  PoolReport report();

  /** Ends the pool and its nodes. */
  Future<Void> close();
}
