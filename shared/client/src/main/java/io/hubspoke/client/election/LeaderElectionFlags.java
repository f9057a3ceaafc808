package io.hubspoke.client.election;

import io.hubspoke.runtime.GoDuration;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The flags of leader election, as a mixin for commands. */
public final class LeaderElectionFlags {
  @Option(
      names = "--leader-elect",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "acts only while it holds the lease, so that several replicas run safely (true)")
  private boolean leaderElect = true;

  @Option(
      names = "--leader-elect-lease-duration",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long the others wait after the last renewal that they have seen (15s)")
  private Duration leaseDuration;

  @Option(
      names = "--leader-elect-renew-deadline",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long the leader tries to renew before it stops acting (10s)")
  private Duration renewDeadline;

  @Option(
      names = "--leader-elect-retry-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long it is between attempts (2s)")
  private Duration retryPeriod;

  @Option(
      names = "--leader-elect-resource-namespace",
      paramLabel = "NAMESPACE",
      description = "where the lease is (kube-system)")
  private String resourceNamespace;

  @Option(
      names = "--leader-elect-resource-name",
      paramLabel = "NAME",
      description = "which lease it is (the component's name)")
  private String resourceName;

  /**
   * Returns what the flags say, and the defaults for the others.
   *
   * @throws IllegalArgumentException when they don't go together; the message names the flags
   */
  public LeaderElectionOptions options(LeaderElectionOptions defaults) {
    return new LeaderElectionOptions(
        leaderElect,
        or(leaseDuration, defaults.leaseDuration()),
        or(renewDeadline, defaults.renewDeadline()),
        or(retryPeriod, defaults.retryPeriod()),
        or(resourceNamespace, defaults.resourceNamespace()),
        or(resourceName, defaults.resourceName()));
  }

  private static <T> T or(T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
