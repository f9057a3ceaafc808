package io.hubspoke.scheduler;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;

/** The kube-scheduler. */
public final class Scheduler extends VerticleBase {
  private final SchedulerOptions options;

  public Scheduler(SchedulerOptions options) {
    this.options = options;
  }

  /** Starts scheduling; it waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return vertx.deployVerticle(
        new SchedulingLoop(options),
        new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD));
  }
}
