package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateDeployment;
import java.time.Duration;
import java.util.Optional;

/** Reads what a deployment's spec asks of its rollout. */
final class DeploymentRules {
  private DeploymentRules() {}

  static int replicas(Deployment deployment) {
    return ReplicaKind.number(deployment.getSpec().getReplicas(), 1);
  }

  static boolean isRolling(Deployment deployment) {
    return "RollingUpdate".equals(deployment.getSpec().getStrategy().getType());
  }

  static boolean isPaused(Deployment deployment) {
    return Boolean.TRUE.equals(deployment.getSpec().getPaused());
  }

  /** Returns how many pods there may be beyond those asked for; a share is rounded up. */
  static int maxSurge(Deployment deployment) {
    return isRolling(deployment)
        ? share(rolling(deployment).map(RollingUpdateDeployment::getMaxSurge), deployment, true)
        : 0;
  }

  /**
   * Returns how many pods may be missing; a share is rounded down, but a rollout that may neither
   * add nor take away would never begin.
   */
  static int maxUnavailable(Deployment deployment) {
    int replicas = replicas(deployment);
    if (!isRolling(deployment) || replicas == 0) {
      return 0;
    }
    int most =
        share(
            rolling(deployment).map(RollingUpdateDeployment::getMaxUnavailable), deployment, false);
    return Math.min(replicas, most == 0 && maxSurge(deployment) == 0 ? 1 : most);
  }

  /** Returns how long a rollout may go without progress; empty for as long as it likes. */
  static Optional<Duration> progressDeadline(Deployment deployment) {
    var seconds = deployment.getSpec().getProgressDeadlineSeconds();
    return seconds == null || seconds == Integer.MAX_VALUE
        ? Optional.empty()
        : Optional.of(Duration.ofSeconds(seconds));
  }

  private static Optional<RollingUpdateDeployment> rolling(Deployment deployment) {
    return Optional.ofNullable(deployment.getSpec().getStrategy().getRollingUpdate());
  }

  private static int share(Optional<IntOrString> value, Deployment deployment, boolean up) {
    if (value.isEmpty()) {
      return 0;
    }
    if (value.get().getStrVal() == null) {
      return value.get().getIntVal();
    }
    // The apiserver lets nothing through that is not a number with a percent sign.
    var text = value.get().getStrVal();
    long percent = Long.parseLong(text.substring(0, text.length() - 1));
    return Math.toIntExact((percent * replicas(deployment) + (up ? 99 : 0)) / 100);
  }
}
