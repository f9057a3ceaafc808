package io.hubspoke.scheduler;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.configuration.ConfigurationFile;
import io.hubspoke.client.election.LeaderElectionFlags;
import io.hubspoke.client.serving.SecureServingFlags;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a scheduler from the command line, with the real one's flags. */
@Command(
    name = "scheduler",
    description = "Runs the kube-scheduler: binds pods to nodes.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {"", "Example:", "  hubspoke scheduler --kubeconfig=scheduler.kubeconfig"})
public final class SchedulerCommand implements Callable<Integer> {
  private static final int PORT = 10259;

  private static final ConfigurationFile.Kind KIND =
      new ConfigurationFile.Kind(
          "kubescheduler.config.k8s.io/v1",
          "KubeSchedulerConfiguration",
          Map.of(
              "clientConnection.kubeconfig", "--kubeconfig",
              "leaderElection.leaderElect", "--leader-elect",
              "leaderElection.leaseDuration", "--leader-elect-lease-duration",
              "leaderElection.renewDeadline", "--leader-elect-renew-deadline",
              "leaderElection.retryPeriod", "--leader-elect-retry-period",
              "leaderElection.resourceName", "--leader-elect-resource-name",
              "leaderElection.resourceNamespace", "--leader-elect-resource-namespace"),
          Set.of(),
          Set.of("profiles", "extenders"),
          Set.of(
              "clientConnection.acceptContentTypes",
              "clientConnection.contentType",
              "clientConnection.qps",
              "clientConnection.burst",
              "leaderElection.resourceLock",
              "parallelism",
              "enableProfiling",
              "enableContentionProfiling",
              "percentageOfNodesToScore",
              "podInitialBackoffSeconds",
              "podMaxBackoffSeconds",
              "delayCacheUntilActive"));

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "file of kind KubeSchedulerConfiguration; a flag counts more than its field")
  private Path config;

  @Option(names = "--kubeconfig", description = "apiserver and credentials")
  private Path kubeconfig;

  @Option(
      names = "--scheduler-name",
      description =
          "serves the pods that name this scheduler (${DEFAULT-VALUE}); in the real one a setting"
              + " of its configuration file")
  private String schedulerName = "default-scheduler";

  @Mixin private LeaderElectionFlags leaderElection = new LeaderElectionFlags();
  @Mixin private SecureServingFlags serving = new SecureServingFlags();

  @Override
  public Integer call() {
    return Component.run(new Scheduler(options()), System.err);
  }

  private SchedulerOptions options() {
    try {
      if (config != null) {
        var file = ConfigurationFile.apply(config, Path.of(""), KIND, spec);
        profile(file);
        file.tellIdle();
      }
      return new SchedulerOptions(
          client(),
          schedulerName,
          leaderElection.options(SchedulerOptions.LEADER_ELECTION),
          serving.options(PORT));
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** What would change which node a pod gets is refused rather than left out of account. */
  private void profile(ConfigurationFile file) {
    if (!file.field("extenders").isEmpty()) {
      throw bad("extenders", "there are none here");
    }
    var profiles = file.field("profiles");
    if (profiles.size() > 1) {
      throw bad("profiles", "only one is possible here, but there are " + profiles.size());
    }
    for (var profile : profiles) {
      for (var field : profile.properties()) {
        var value = field.getValue();
        if (!field.getKey().equals("schedulerName")) {
          throw bad("profiles[0]." + field.getKey(), "its plugins can't be chosen here");
        }
        if (!value.isTextual() || value.textValue().isEmpty()) {
          throw bad("profiles[0].schedulerName", "must be a name, but is " + value);
        }
        if (!spec.commandLine().getParseResult().hasMatchedOption("--scheduler-name")) {
          schedulerName = value.textValue();
        }
      }
    }
  }

  private IllegalArgumentException bad(String field, String why) {
    return new IllegalArgumentException("--config: %s: %s: %s".formatted(config, field, why));
  }

  private ClientConfig client() {
    if (kubeconfig == null) {
      throw new IllegalArgumentException(
          "--kubeconfig, or --config with clientConnection.kubeconfig, must be given");
    }
    try {
      return ClientConfig.read(kubeconfig);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException("--kubeconfig: " + Component.reason(e), e);
    }
  }
}
