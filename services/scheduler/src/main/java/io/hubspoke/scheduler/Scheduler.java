package io.hubspoke.scheduler;

import io.hubspoke.client.election.Elected;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** The kube-scheduler. */
public final class Scheduler extends VerticleBase {
  private final Elected elected;

  public Scheduler(SchedulerOptions options) {
    this.elected =
        Elected.of(
            options.client().withUserAgent("kube-scheduler/v1.33.0"),
            options.leaderElection(),
            options.schedulerName(),
            () -> new SchedulingLoop(options));
  }

  /** Stands for election; waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return vertx.deployVerticle(elected, Elected.deployment());
  }

  /** Returns whether this replica is the one that acts. */
  public boolean isLeader() {
    return elected.isLeader();
  }
}
