package io.hubspoke.controllermanager.nodes;

import java.time.Duration;

/**
 * When pods that no kubelet deletes are deleted.
 *
 * @param terminatedPodThreshold how many that have ended may stay ({@code
 *     --terminated-pod-gc-threshold}); 0 or less for any number
 * @param period how often is looked
 * @param quarantine how long a node is gone before its pods are
 */
public record PodGarbageOptions(int terminatedPodThreshold, Duration period, Duration quarantine) {
  /** The real one's. */
  public static final PodGarbageOptions DEFAULT =
      new PodGarbageOptions(12_500, Duration.ofSeconds(20), Duration.ofSeconds(40));

  public PodGarbageOptions withThreshold(int pods) {
    return new PodGarbageOptions(pods, period, quarantine);
  }
}
