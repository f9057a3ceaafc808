package io.hubspoke.konnectivity.agent;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;

/** A Konnectivity agent. */
public final class KonnectivityAgent extends VerticleBase {
  private final KonnectivityAgentOptions options;

  public KonnectivityAgent(KonnectivityAgentOptions options) {
    this.options = options;
  }

  /** Starts connecting with servers; it waits for them however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return vertx.deployVerticle(
        new SyncLoop(options),
        new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD));
  }
}
