package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Says whether a pod has its volumes, and by events at times which it has not. */
final class VolumeMounts {
  /** How soon to look again when there are some missing. */
  static final Duration RETRY = Duration.ofMinutes(2);

  private final EventRecorder events;
  private final Regarding about;
  private Instant nextEvent = Instant.MIN;

  VolumeMounts(EventRecorder events, Regarding about) {
    this.events = events;
    this.about = about;
  }

  boolean mounted(Pod pod) {
    List<UnsupportedParts.Mount> missing = UnsupportedParts.mounts(pod);
    Instant now = Instant.now();
    if (!missing.isEmpty() && !now.isBefore(nextEvent)) {
      nextEvent = now.plus(RETRY);
      missing.forEach(mount -> events.warning(about, "FailedMount", mount.message()));
    }
    return missing.isEmpty();
  }
}
