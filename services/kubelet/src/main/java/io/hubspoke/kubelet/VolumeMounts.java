package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.kubelet.volumes.MountException;
import io.hubspoke.kubelet.volumes.PodVolumes;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Sees to it that a pod has its volumes and their tokens are renewed, and says by events at times
 * what it has not. Used by one thread at a time.
 */
final class VolumeMounts {
  /** How soon to look again at what is not supported, and how often to tell of anything. */
  private static final Duration LONG = Duration.ofMinutes(2);

  private static final Duration FIRST_RETRY = Duration.ofMillis(500);

  private final EventRecorder events;
  private final Regarding about;
  private final PodVolumes volumes;
  private final Backoff retries = new Backoff(FIRST_RETRY, LONG);
  private Instant nextEvent = Instant.MIN;
  private Instant nextTry = Instant.MIN;

  VolumeMounts(EventRecorder events, Regarding about, PodVolumes volumes) {
    this.events = events;
    this.about = about;
    this.volumes = volumes;
  }

  /** Returns how long a pod has to wait for its volumes; zero when it has them. */
  Duration mount(Pod pod) {
    List<UnsupportedParts.Mount> missing = UnsupportedParts.mounts(pod);
    if (!missing.isEmpty()) {
      tell(missing.stream().map(UnsupportedParts.Mount::message).toList());
      return LONG;
    }
    Instant now = Instant.now();
    if (now.isBefore(nextTry)) {
      return Duration.between(now, nextTry);
    }
    for (Volume volume : pod.getSpec().getVolumes()) {
      try {
        if (volume.getProjected() != null) {
          volumes.mount(pod, volume);
        }
      } catch (MountException e) {
        tell(
            List.of(
                "MountVolume.SetUp failed for volume \"%s\" : %s"
                    .formatted(volume.getName(), e.getMessage())));
        Duration wait = retries.next();
        nextTry = now.plus(wait);
        return wait;
      }
    }
    retries.reset();
    return Duration.ZERO;
  }

  /** Returns how soon {@link #mount} must be called again; zero when it needn't. */
  Duration untilRenewal() {
    Duration left = volumes.untilRenewal();
    Instant now = Instant.now();
    return !left.isZero() && now.isBefore(nextTry) ? Duration.between(now, nextTry) : left;
  }

  void remove() throws IOException {
    volumes.remove();
  }

  private void tell(List<String> messages) {
    Instant now = Instant.now();
    if (!now.isBefore(nextEvent)) {
      nextEvent = now.plus(LONG);
      messages.forEach(message -> events.warning(about, "FailedMount", message));
    }
  }
}
