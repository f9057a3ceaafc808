package io.hubspoke.controllermanager;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.WorkQueues;
import io.hubspoke.client.election.Elected;
import io.hubspoke.client.serving.ComponentServer;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import io.hubspoke.runtime.ProcessMetrics;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.util.Map;

/** The kube-controller-manager. */
public final class ControllerManager extends VerticleBase {
  static final String USER_AGENT = "kube-controller-manager/v1.33.0";

  private final ControllerManagerOptions options;
  private final WorkQueues queues = new WorkQueues();
  private final Elected elected;
  private ComponentServer server;

  public ControllerManager(ControllerManagerOptions options) {
    this.options = options;
    this.elected =
        Elected.of(
            options.client().withUserAgent(USER_AGENT),
            options.leaderElection(),
            "kube-controller-manager",
            () -> new ControlLoops(options, queues));
  }

  /** Stands for election; waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() throws IOException {
    readFiles();
    server =
        new ComponentServer(
            vertx,
            options.serving(),
            Map.of("leaderElection", () -> !elected.isStuck()),
            this::measure,
            this::configuration);
    // Whatever this verticle runs on, its loops run on virtual threads; they end with it.
    return server.start().compose(v -> vertx.deployVerticle(elected));
  }

  @Override
  public Future<?> stop() {
    return server.stop();
  }

  /** Returns the port of health and metrics; 0 when they are not served. */
  public int port() {
    return server.port();
  }

  private ObjectNode configuration() {
    var shown = Json.object();
    var config = shown.putObject("kubecontrollermanager.config.k8s.io");
    config.putObject("Generic").set("LeaderElection", options.leaderElection().toJson());
    config
        .putObject("NodeLifecycleController")
        .put("NodeMonitorGracePeriod", GoDuration.format(options.nodeMonitorGracePeriod()))
        .put("NodeStartupGracePeriod", GoDuration.format(options.nodeStartupGracePeriod()));
    config
        .putObject("PodGCController")
        .put("TerminatedPodGCThreshold", options.podGarbage().terminatedPodThreshold());
    config
        .putObject("CSRSigningController")
        .put("ClusterSigningDuration", GoDuration.format(options.clusterSigningDuration()));
    return shown;
  }

  private void measure(Exposition text) {
    ProcessMetrics.write(text);
    elected.write(text);
    queues.write(text);
  }

  /** Returns whether this replica is the one that acts. */
  public boolean isLeader() {
    return elected.isLeader();
  }

  /** A file that can't be read is told at once, not when this replica comes to lead. */
  private void readFiles() throws IOException {
    if (options.clusterSigningCertFile() != null) {
      Flag.read(
          "--cluster-signing-cert-file, --cluster-signing-key-file",
          () ->
              CertificateAuthority.read(
                  options.clusterSigningCertFile(), options.clusterSigningKeyFile()));
    }
    if (options.rootCaFile() != null) {
      Flag.read("--root-ca-file", () -> Pem.readCertificates(options.rootCaFile()));
    }
    if (options.serviceAccountPrivateKeyFile() != null) {
      Flag.read(
          "--service-account-private-key-file",
          () -> Pem.readPrivateKey(options.serviceAccountPrivateKeyFile()));
    }
  }
}
