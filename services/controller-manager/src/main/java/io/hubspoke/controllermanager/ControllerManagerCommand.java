package io.hubspoke.controllermanager;

import io.hubspoke.api.AddressRange;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.election.LeaderElectionFlags;
import io.hubspoke.client.serving.SecureServingFlags;
import io.hubspoke.controllermanager.certificates.KubeletServingRanges;
import io.hubspoke.controllermanager.nodes.NodeRangeOptions;
import io.hubspoke.controllermanager.nodes.PodGarbageOptions;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.GoDuration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a controller manager from the command line, with the real one's flags. */
@Command(
    name = "controller-manager",
    description = "Runs the kube-controller-manager: signs certificates, watches over nodes.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke controller-manager --kubeconfig=controller-manager.kubeconfig \\",
      "    --root-ca-file=ca.crt --cluster-signing-cert-file=ca.crt --cluster-signing-key-file=ca.key"
    })
public final class ControllerManagerCommand implements Callable<Integer> {
  private static final int PORT = 10257;

  @Spec private CommandSpec spec;

  @Option(names = "--kubeconfig", required = true, description = "apiserver and credentials")
  private Path kubeconfig;

  @Option(
      names = "--cluster-signing-cert-file",
      description = "authority that signs certificates (none: signs none)")
  private Path clusterSigningCertFile;

  @Option(names = "--cluster-signing-key-file", description = "its key")
  private Path clusterSigningKeyFile;

  @Option(
      names = "--cluster-signing-duration",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "longest life of a signed certificate (8760h)")
  private Duration clusterSigningDuration = ControllerManagerOptions.SIGNING_DURATION;

  @Option(
      names = "--root-ca-file",
      description = "what ConfigMap kube-root-ca.crt holds in every namespace (none: no such map)")
  private Path rootCaFile;

  @Option(
      names = "--service-account-private-key-file",
      description = "what signs the tokens of service accounts that secrets hold (none: no tokens)")
  private Path serviceAccountPrivateKeyFile;

  @Option(
      names = "--node-monitor-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how often the health of nodes is looked at (5s)")
  private Duration nodeMonitorPeriod = ControllerManagerOptions.MONITOR_PERIOD;

  @Option(
      names = "--node-monitor-grace-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a running node may be silent (50s)")
  private Duration nodeMonitorGracePeriod = ControllerManagerOptions.MONITOR_GRACE_PERIOD;

  @Option(
      names = "--node-startup-grace-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a starting node may be silent (1m)")
  private Duration nodeStartupGracePeriod = ControllerManagerOptions.STARTUP_GRACE_PERIOD;

  @Option(
      names = "--hubspoke-approve-kubelet-serving",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "approves serving certificates that nodes ask for their own names and addresses, and"
              + " signs no others for them (${DEFAULT-VALUE}); Hubspoke's own, an administrator's"
              + " task in Kubernetes")
  private boolean approveKubeletServing;

  @Option(
      names = "--hubspoke-kubelet-serving-cidrs",
      split = ",",
      paramLabel = "CIDR",
      description = "where nodes have their addresses: no others are approved; Hubspoke's own")
  private List<String> kubeletServingCidrs = List.of();

  @Option(
      names = "--service-cluster-ip-range",
      split = ",",
      paramLabel = "CIDR",
      description = "range of service addresses: none of them is approved as a node's")
  private List<String> serviceClusterIpRange = List.of();

  @Option(
      names = "--terminated-pod-gc-threshold",
      paramLabel = "COUNT",
      description =
          "how many pods that have ended may stay before the oldest are deleted; 0 for any number"
              + " (12500)")
  private int terminatedPodGcThreshold = PodGarbageOptions.DEFAULT.terminatedPodThreshold();

  @Option(
      names = "--allocate-node-cidrs",
      arity = "0..1",
      fallbackValue = "true",
      description = "gives each node a range of --cluster-cidr for its pods (${DEFAULT-VALUE})")
  private boolean allocateNodeCidrs;

  @Option(names = "--cluster-cidr", paramLabel = "CIDR", description = "addresses of all pods")
  private String clusterCidr = "";

  @Option(
      names = "--node-cidr-mask-size",
      paramLabel = "BITS",
      description = "size of a node's range (${DEFAULT-VALUE})")
  private int nodeCidrMaskSize = NodeRangeOptions.MASK_SIZE;

  @Mixin private LeaderElectionFlags leaderElection = new LeaderElectionFlags();
  @Mixin private SecureServingFlags serving = new SecureServingFlags();

  @Override
  public Integer call() {
    return Component.run(new ControllerManager(options()), System.err);
  }

  private ControllerManagerOptions options() {
    try {
      return new ControllerManagerOptions(
          client(),
          clusterSigningCertFile,
          clusterSigningKeyFile,
          clusterSigningDuration,
          rootCaFile,
          serviceAccountPrivateKeyFile,
          approveKubeletServing
              ? new KubeletServingRanges(
                  ranges("--hubspoke-kubelet-serving-cidrs", kubeletServingCidrs),
                  ranges("--service-cluster-ip-range", serviceClusterIpRange))
              : null,
          nodeMonitorPeriod,
          nodeMonitorGracePeriod,
          nodeStartupGracePeriod,
          leaderElection.options(ControllerManagerOptions.LEADER_ELECTION),
          serving.options(PORT),
          PodGarbageOptions.DEFAULT.withThreshold(terminatedPodGcThreshold),
          nodeRanges());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private NodeRangeOptions nodeRanges() {
    if (!allocateNodeCidrs) {
      return null;
    }
    if (clusterCidr.isEmpty()) {
      throw new IllegalArgumentException("--allocate-node-cidrs needs --cluster-cidr");
    }
    return new NodeRangeOptions(
        ranges("--cluster-cidr", List.of(clusterCidr)).getFirst(), nodeCidrMaskSize);
  }

  private static List<AddressRange> ranges(String flag, List<String> cidrs) {
    try {
      return cidrs.stream().map(AddressRange::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(flag + ": " + e.getMessage(), e);
    }
  }

  private ClientConfig client() {
    try {
      return ClientConfig.read(kubeconfig);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException("--kubeconfig: " + Component.reason(e), e);
    }
  }
}
