package io.hubspoke.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.election.Elected;
import io.hubspoke.client.serving.ComponentServer;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.ProcessMetrics;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.util.Map;

/** The kube-scheduler. */
public final class Scheduler extends VerticleBase {
  private final SchedulerOptions options;
  private final SchedulerMetrics metrics;
  private final Elected elected;
  private ComponentServer server;

  public Scheduler(SchedulerOptions options) {
    this.options = options;
    this.metrics = new SchedulerMetrics(options.schedulerName());
    this.elected =
        Elected.of(
            options.client().withUserAgent("kube-scheduler/v1.33.0"),
            options.leaderElection(),
            options.schedulerName(),
            () -> new SchedulingLoop(options, metrics));
  }

  /** Stands for election; waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() throws IOException {
    server =
        new ComponentServer(
            vertx,
            options.serving(),
            Map.of("leaderElection", () -> !elected.isStuck()),
            this::measure,
            this::configuration);
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return server.start().compose(v -> vertx.deployVerticle(elected));
  }

  @Override
  public Future<?> stop() {
    return server.stop();
  }

  /** Returns whether this replica is the one that acts. */
  public boolean isLeader() {
    return elected.isLeader();
  }

  /** Returns the port of health and metrics; 0 when they are not served. */
  public int port() {
    return server.port();
  }

  private ObjectNode configuration() {
    var shown = Json.object();
    var config = shown.putObject("componentconfig");
    config.set("LeaderElection", options.leaderElection().toJson());
    config.putArray("Profiles").addObject().put("SchedulerName", options.schedulerName());
    return shown;
  }

  private void measure(Exposition text) {
    ProcessMetrics.write(text);
    elected.write(text);
    metrics.write(text);
  }
}
