package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.volumes.ContainerMounts;
import io.hubspoke.kubelet.volumes.MountException;
import io.hubspoke.kubelet.volumes.PodVolumes;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Sees to it that a pod has its volumes and what is in them is current, and says by events at times
 * what it has not. Used by one thread at a time, but for {@link #retry}.
 */
final class VolumeMounts {
  /** How soon to look again at what is not supported, and how often to tell of anything. */
  private static final Duration LONG = Duration.ofMinutes(2);

  private static final Duration FIRST_RETRY = Duration.ofMillis(500);

  private final EventRecorder events;
  private final Regarding about;
  private final ContainerRuntime runtime;
  private final PodVolumes volumes;
  private final ContainerMounts mounts;
  private final Backoff retries = new Backoff(FIRST_RETRY, LONG);
  private Instant nextEvent = Instant.MIN;
  private volatile Instant nextTry = Instant.MIN;

  VolumeMounts(
      EventRecorder events,
      Regarding about,
      ContainerRuntime runtime,
      PodVolumes volumes,
      ContainerMounts mounts) {
    this.events = events;
    this.about = about;
    this.runtime = runtime;
    this.volumes = volumes;
    this.mounts = mounts;
  }

  /** Makes the next {@link #mount} try again at once: what was missing may be there. */
  void retry() {
    nextTry = Instant.MIN;
  }

  /** Returns how long a pod has to wait for its volumes; zero when it has them. */
  Duration mount(Pod pod) {
    List<UnsupportedParts.Mount> missing = UnsupportedParts.mounts(pod, runtime);
    if (!missing.isEmpty()) {
      tell(missing.stream().map(UnsupportedParts.Mount::message).toList());
      return LONG;
    }
    Instant now = Instant.now();
    Instant due = nextTry;
    if (now.isBefore(due)) {
      return Duration.between(now, due);
    }
    for (Volume volume : pod.getSpec().getVolumes()) {
      try {
        volumes.mount(pod, volume);
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

  /** Returns what a container sees of the volumes. */
  List<ContainerRuntime.Mount> of(Pod pod, Container container, Map<String, String> env)
      throws MountException {
    return mounts.of(pod, container, env);
  }

  /** Returns how soon {@link #mount} must be called again; zero when it needn't. */
  Duration untilRenewal() {
    Duration left = volumes.untilRenewal();
    Instant now = Instant.now();
    Instant due = nextTry;
    return now.isBefore(due) ? Duration.between(now, due) : left;
  }

  /** Returns an emptyDir that holds more than it may. */
  Optional<Volume> overLimit(Pod pod) throws IOException {
    return volumes.overLimit(pod);
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
