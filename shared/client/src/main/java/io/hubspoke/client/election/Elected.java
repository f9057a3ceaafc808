package io.hubspoke.client.election;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Exposition;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;
import java.util.function.Supplier;

/**
 * Runs a component's loops on virtual threads: for as long as this replica leads, or always where
 * replicas need not agree. Is itself deployed on an event loop, where its election is at home.
 */
public final class Elected extends VerticleBase {
  private static final DeploymentOptions LOOPS =
      new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD);

  private final ClientConfig config;
  private final LeaderElectionOptions options;
  private final String component;
  private final Supplier<Deployable> loops;
  private volatile LeaderElector elector;
  private ApiClient client;

  private Elected(
      ClientConfig config,
      LeaderElectionOptions options,
      String component,
      Supplier<Deployable> loops) {
    this.config = config;
    this.options = options;
    this.component = component;
    this.loops = loops;
  }

  /**
   * Makes the verticle.
   *
   * @param component whose events the election's are
   * @param loops makes them anew for each term
   */
  public static Elected of(
      ClientConfig config,
      LeaderElectionOptions options,
      String component,
      Supplier<Deployable> loops) {
    return new Elected(config, options, component, loops);
  }

  @Override
  public Future<?> start() {
    if (!options.leaderElect()) {
      return vertx.deployVerticle(loops.get(), LOOPS);
    }
    client = new ApiClient(vertx, config.withTimeout(options.renewDeadline().dividedBy(2)));
    elector = new LeaderElector(client, context, options, component, new Loops());
    elector.start();
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    return elector == null ? Future.succeededFuture() : elector.stop().eventually(client::close);
  }

  /** Returns whether the loops run, or are about to. */
  public boolean isLeader() {
    return !options.leaderElect() || (elector != null && elector.isLeader());
  }

  /** Returns whether it should have stopped leading, and has not. */
  public boolean isStuck() {
    return elector != null && elector.isStuck();
  }

  /** Writes down whether this replica leads. */
  public void write(Exposition text) {
    if (options.leaderElect()) {
      text.family(
              "leader_election_master_status",
              "gauge",
              "Gauge of if the reporting system is master of the relevant lease, 0 indicates"
                  + " backup, 1 indicates master. 'name' is the string used to identify the lease.")
          .add("leader_election_master_status", isLeader() ? 1 : 0, "name", options.resourceName());
    }
  }

  /** The loops of one term after another. */
  private final class Loops implements LeaderElector.Term {
    private Future<String> deployed = Future.succeededFuture("");

    @Override
    public Future<?> begin() {
      deployed = vertx.deployVerticle(loops.get(), LOOPS);
      return deployed;
    }

    @Override
    public Future<?> end() {
      return deployed
          .otherwise("")
          .compose(
              id ->
                  // With this verticle, Vert.x has undeployed what it had deployed.
                  vertx.deploymentIDs().contains(id)
                      ? vertx.undeploy(id)
                      : Future.succeededFuture());
    }
  }
}
