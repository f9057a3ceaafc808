package io.hubspoke.controllermanager;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.client.serving.SecureServing;
import io.hubspoke.controllermanager.certificates.KubeletServingRanges;
import io.hubspoke.controllermanager.nodes.NodeRangeOptions;
import io.hubspoke.controllermanager.nodes.PodGarbageOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * What a controller manager is told; each component has the name of its flag.
 *
 * @param client the apiserver, and the credentials to show it
 * @param clusterSigningCertFile authority that signs certificates; null to sign none
 * @param clusterSigningKeyFile its key
 * @param clusterSigningDuration longest life of a signed certificate
 * @param rootCaFile what ConfigMap kube-root-ca.crt publishes in every namespace; null for nothing
 * @param serviceAccountPrivateKeyFile what signs the tokens that secrets hold; null to sign none
 * @param kubeletServing where serving certificates of kubelets are approved, Hubspoke's own; null
 *     to leave them to an administrator
 * @param nodeMonitorPeriod how often the health of nodes is looked at
 * @param nodeMonitorGracePeriod how long a running node may be silent
 * @param nodeStartupGracePeriod how long a starting node may be silent
 * @param leaderElection how replicas agree on the one that acts
 * @param serving where health and metrics are served
 * @param podGarbage when pods that no kubelet deletes are deleted
 * @param nodeRanges what nodes are given for their pods; null when they are given nothing
 */
public record ControllerManagerOptions(
    ClientConfig client,
    Path clusterSigningCertFile,
    Path clusterSigningKeyFile,
    Duration clusterSigningDuration,
    Path rootCaFile,
    Path serviceAccountPrivateKeyFile,
    KubeletServingRanges kubeletServing,
    Duration nodeMonitorPeriod,
    Duration nodeMonitorGracePeriod,
    Duration nodeStartupGracePeriod,
    LeaderElectionOptions leaderElection,
    SecureServing serving,
    PodGarbageOptions podGarbage,
    NodeRangeOptions nodeRanges) {
  static final Duration SIGNING_DURATION = Duration.ofDays(365);
  static final Duration MONITOR_PERIOD = Duration.ofSeconds(5);

  /** The default since Kubernetes 1.32; 40 s before. */
  static final Duration MONITOR_GRACE_PERIOD = Duration.ofSeconds(50);

  static final Duration STARTUP_GRACE_PERIOD = Duration.ofMinutes(1);
  static final LeaderElectionOptions LEADER_ELECTION =
      LeaderElectionOptions.of("kube-controller-manager");

  public ControllerManagerOptions {
    if ((clusterSigningCertFile == null) != (clusterSigningKeyFile == null)) {
      throw new IllegalArgumentException(
          "--cluster-signing-cert-file and --cluster-signing-key-file go together");
    }
    if (kubeletServing != null && kubeletServing.nodes().isEmpty()) {
      throw new IllegalArgumentException(
          "--hubspoke-approve-kubelet-serving needs --hubspoke-kubelet-serving-cidrs: the ranges"
              + " that nodes may have addresses in");
    }
    if (nodeMonitorPeriod.compareTo(nodeMonitorGracePeriod) > 0) {
      throw new IllegalArgumentException(
          "--node-monitor-grace-period must not be shorter than --node-monitor-period");
    }
  }

  /** The defaults: no signing, nothing published. */
  public static ControllerManagerOptions of(ClientConfig client) {
    return new ControllerManagerOptions(
        client,
        null,
        null,
        SIGNING_DURATION,
        null,
        null,
        null,
        MONITOR_PERIOD,
        MONITOR_GRACE_PERIOD,
        STARTUP_GRACE_PERIOD,
        LEADER_ELECTION,
        SecureServing.NONE,
        PodGarbageOptions.DEFAULT,
        null);
  }

  /** Signs with this authority. */
  public ControllerManagerOptions withClusterSigning(
      Path certFile, Path keyFile, Duration duration) {
    return change(
        parts -> {
          parts.clusterSigningCertFile = certFile;
          parts.clusterSigningKeyFile = keyFile;
          parts.clusterSigningDuration = duration;
        });
  }

  public ControllerManagerOptions withRootCaFile(Path file) {
    return change(parts -> parts.rootCaFile = file);
  }

  /** Fills secrets with tokens that this key signs. */
  public ControllerManagerOptions withServiceAccountPrivateKeyFile(Path file) {
    return change(parts -> parts.serviceAccountPrivateKeyFile = file);
  }

  /** Approves serving certificates of kubelets for addresses in these ranges. */
  public ControllerManagerOptions withKubeletServing(KubeletServingRanges ranges) {
    return change(parts -> parts.kubeletServing = ranges);
  }

  public ControllerManagerOptions withNodeMonitor(Duration period, Duration grace) {
    return change(
        parts -> {
          parts.nodeMonitorPeriod = period;
          parts.nodeMonitorGracePeriod = grace;
        });
  }

  public ControllerManagerOptions withLeaderElection(LeaderElectionOptions election) {
    return change(parts -> parts.leaderElection = election);
  }

  /** Serves health and metrics there. */
  public ControllerManagerOptions withServing(SecureServing where) {
    return change(parts -> parts.serving = where);
  }

  public ControllerManagerOptions withPodGarbage(PodGarbageOptions garbage) {
    return change(parts -> parts.podGarbage = garbage);
  }

  /** Gives nodes ranges out of one. */
  public ControllerManagerOptions withNodeRanges(NodeRangeOptions ranges) {
    return change(parts -> parts.nodeRanges = ranges);
  }

  private ControllerManagerOptions change(Consumer<Parts> change) {
    var parts = new Parts(this);
    change.accept(parts);
    return parts.together();
  }

  /** The options while some of them change: the one place that names them all. */
  private static final class Parts {
    private final ClientConfig client;
    private Path clusterSigningCertFile;
    private Path clusterSigningKeyFile;
    private Duration clusterSigningDuration;
    private Path rootCaFile;
    private Path serviceAccountPrivateKeyFile;
    private KubeletServingRanges kubeletServing;
    private Duration nodeMonitorPeriod;
    private Duration nodeMonitorGracePeriod;
    private final Duration nodeStartupGracePeriod;
    private LeaderElectionOptions leaderElection;
    private SecureServing serving;
    private PodGarbageOptions podGarbage;
    private NodeRangeOptions nodeRanges;

    Parts(ControllerManagerOptions options) {
      client = options.client;
      clusterSigningCertFile = options.clusterSigningCertFile;
      clusterSigningKeyFile = options.clusterSigningKeyFile;
      clusterSigningDuration = options.clusterSigningDuration;
      rootCaFile = options.rootCaFile;
      serviceAccountPrivateKeyFile = options.serviceAccountPrivateKeyFile;
      kubeletServing = options.kubeletServing;
      nodeMonitorPeriod = options.nodeMonitorPeriod;
      nodeMonitorGracePeriod = options.nodeMonitorGracePeriod;
      nodeStartupGracePeriod = options.nodeStartupGracePeriod;
      leaderElection = options.leaderElection;
      serving = options.serving;
      podGarbage = options.podGarbage;
      nodeRanges = options.nodeRanges;
    }

    ControllerManagerOptions together() {
      return new ControllerManagerOptions(
          client,
          clusterSigningCertFile,
          clusterSigningKeyFile,
          clusterSigningDuration,
          rootCaFile,
          serviceAccountPrivateKeyFile,
          kubeletServing,
          nodeMonitorPeriod,
          nodeMonitorGracePeriod,
          nodeStartupGracePeriod,
          leaderElection,
          serving,
          podGarbage,
          nodeRanges);
    }
  }
}
