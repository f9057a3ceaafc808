package io.hubspoke.konnectivity.agent;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;

/** A Konnectivity agent. */
public final class KonnectivityAgent extends VerticleBase {
  private final SyncLoop loop;

  public KonnectivityAgent(KonnectivityAgentOptions options) {
    this.loop = new SyncLoop(options);
  }

  /** Starts connecting with servers; it waits for them however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return vertx.deployVerticle(
        loop, new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD));
  }

  /** Returns how many servers it is connected with. */
  public int connectedServers() {
    return loop.connectedServers();
  }

  /** Returns how many connections it holds for them, with those that are made or ended now. */
  public int connections() {
    return loop.connections();
  }
}
