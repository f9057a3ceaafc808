package io.hubspoke.controllermanager;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;

/** The kube-controller-manager. */
public final class ControllerManager extends VerticleBase {
  private final ControllerManagerOptions options;

  public ControllerManager(ControllerManagerOptions options) {
    this.options = options;
  }

  /** Starts the control loops; they wait for the apiserver however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loops run on virtual threads; they end with it.
    return vertx.deployVerticle(
        new ControlLoops(options),
        new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD));
  }
}
