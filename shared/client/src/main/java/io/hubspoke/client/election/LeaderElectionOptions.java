package io.hubspoke.client.election;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.runtime.GoDuration;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.UUID;

/**
 * How replicas agree on one that acts; each component has the name of its flag after {@code
 * --leader-elect}.
 *
 * @param leaderElect whether they need to agree at all
 * @param leaseDuration how long the others wait after the last renewal that they have seen
 * @param renewDeadline how long the leader tries to renew before it stops acting
 * @param retryPeriod how long it is between attempts
 */
public record LeaderElectionOptions(
    boolean leaderElect,
    Duration leaseDuration,
    Duration renewDeadline,
    Duration retryPeriod,
    String resourceNamespace,
    String resourceName) {
  private static final double JITTER = 1.2;

  public LeaderElectionOptions {
    if (leaseDuration.toSeconds() < 1) {
      throw new IllegalArgumentException(
          "--leader-elect-lease-duration must be a second or more: a Lease counts in whole seconds");
    }
    if (leaseDuration.compareTo(renewDeadline) <= 0) {
      throw new IllegalArgumentException(
          "--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline: a"
              + " leader must stop before another one begins");
    }
    if (retryPeriod.isZero()
        || retryPeriod.isNegative()
        || renewDeadline.toNanos() <= JITTER * retryPeriod.toNanos()) {
      throw new IllegalArgumentException(
          "--leader-elect-renew-deadline must be longer than 1.2 times"
              + " --leader-elect-retry-period, which must be longer than nothing");
    }
    if (resourceNamespace.isEmpty() || resourceName.isEmpty()) {
      throw new IllegalArgumentException(
          "--leader-elect-resource-namespace and --leader-elect-resource-name must not be empty");
    }
  }

  /** The real components' defaults, for a lease of this name in kube-system. */
  public static LeaderElectionOptions of(String resourceName) {
    return new LeaderElectionOptions(
        true,
        Duration.ofSeconds(15),
        Duration.ofSeconds(10),
        Duration.ofSeconds(2),
        "kube-system",
        resourceName);
  }

  public LeaderElectionOptions withTimes(Duration lease, Duration renew, Duration retry) {
    return new LeaderElectionOptions(
        leaderElect, lease, renew, retry, resourceNamespace, resourceName);
  }

  /** Returns the settings as the real components' configuration has them. */
  public ObjectNode toJson() {
    return Json.object()
        .put("LeaderElect", leaderElect)
        .put("LeaseDuration", GoDuration.format(leaseDuration))
        .put("RenewDeadline", GoDuration.format(renewDeadline))
        .put("RetryPeriod", GoDuration.format(retryPeriod))
        .put("ResourceLock", "leases")
        .put("ResourceName", resourceName)
        .put("ResourceNamespace", resourceNamespace);
  }

  /** Names a candidate as the real components do: by its host, and by chance. */
  static String identity() {
    try {
      return InetAddress.getLocalHost().getHostName() + "_" + UUID.randomUUID();
    } catch (UnknownHostException e) {
      return "localhost_" + UUID.randomUUID();
    }
  }
}
