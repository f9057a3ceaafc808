package io.hubspoke.scheduler;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.election.LeaderElectionFlags;
import io.hubspoke.client.serving.SecureServingFlags;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Path;
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

  @Spec private CommandSpec spec;

  @Option(names = "--kubeconfig", required = true, description = "apiserver and credentials")
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
      return new SchedulerOptions(
          client(),
          schedulerName,
          leaderElection.options(SchedulerOptions.LEADER_ELECTION),
          serving.options(PORT));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
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
