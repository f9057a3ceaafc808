package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;

/**
 * Has one pod fail that runs longer than {@code activeDeadlineSeconds} lets it, or whose emptyDirs
 * hold more than they may. Used by one thread at a time.
 */
final class PodLimits {
  private static final Duration VOLUME_CHECKS = Duration.ofSeconds(10);

  private final PodStatusWriter status;
  private final VolumeMounts mounts;
  private final EventRecorder events;
  private final Regarding about;
  private final Runnable changed;
  private Instant nextVolumeCheck = Instant.MIN;

  /**
   * Makes the limits of one pod, of which nothing was looked at yet.
   *
   * @param changed called when the pod has failed by what its volumes hold
   */
  PodLimits(
      PodStatusWriter status,
      VolumeMounts mounts,
      EventRecorder events,
      Regarding about,
      Runnable changed) {
    this.status = status;
    this.mounts = mounts;
    this.events = events;
    this.about = about;
    this.changed = changed;
  }

  /** Returns how long the pod may go on, zero for ever; what is over its time fails. */
  Duration lifeLeft(Pod pod) {
    Long seconds = pod.getSpec().getActiveDeadlineSeconds();
    if (seconds == null || status.terminal() || status.failed()) {
      return Duration.ZERO;
    }
    Duration left = Duration.between(Instant.now(), status.startTime().plusSeconds(seconds));
    if (left.isPositive()) {
      return left;
    }
    String message = "Pod was active on the node longer than the specified deadline";
    status.fail("DeadlineExceeded", message);
    events.normal(about, "DeadlineExceeded", message);
    return Duration.ZERO;
  }

  /** Looks now and then whether an emptyDir holds more than it may; its pod is evicted then. */
  Duration volumesChecked(Pod pod) throws IOException {
    boolean limited =
        pod.getSpec().getVolumes().stream()
            .anyMatch(v -> v.getEmptyDir() != null && v.getEmptyDir().getSizeLimit() != null);
    if (!limited || status.failed()) {
      return Duration.ZERO;
    }
    Instant now = Instant.now();
    if (now.isBefore(nextVolumeCheck)) {
      return Duration.between(now, nextVolumeCheck);
    }
    nextVolumeCheck = now.plus(VOLUME_CHECKS);
    mounts
        .overLimit(pod)
        .ifPresent(
            volume -> {
              String message =
                  "Usage of EmptyDir volume \"%s\" exceeds the limit \"%s\". "
                      .formatted(volume.getName(), volume.getEmptyDir().getSizeLimit());
              status.fail("Evicted", message);
              events.warning(about, "Evicted", message);
              changed.run();
            });
    return VOLUME_CHECKS;
  }
}
