package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.hubspoke.client.ApiClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * The projected volumes of one pod, under {@code pods/UID/volumes/kubernetes.io~projected}. Used by
 * one thread at a time, on virtual threads.
 */
public final class PodVolumes {
  private static final Duration SOONEST = Duration.ofSeconds(1);

  private final ApiClient client;
  private final Path directory;
  private final Map<String, Instant> renewals = new HashMap<>();

  /**
   * Knows the pod's directory.
   *
   * @param rootDir the kubelet's
   */
  public PodVolumes(ApiClient client, Path rootDir, String uid) {
    this.client = client;
    this.directory = ofPods(rootDir).resolve(uid);
  }

  /** Deletes what an earlier kubelet left: its containers, which read it, are gone with it. */
  public static void deleteLeftovers(Path rootDir) throws IOException {
    AtomicDirectory.deleteTree(ofPods(rootDir));
  }

  private static Path ofPods(Path rootDir) {
    return rootDir.resolve("pods");
  }

  /**
   * Writes a volume, unless it is there and its tokens are young.
   *
   * @throws MountException when something that it holds can't be had
   */
  public void mount(Pod pod, Volume volume) throws MountException {
    Instant renewal = renewals.get(volume.getName());
    if (renewal != null && Instant.now().isBefore(renewal)) {
      return;
    }
    ProjectedVolume.Content content =
        ProjectedVolume.collect(client, pod, volume.getProjected().getSources());
    try {
      new AtomicDirectory(path(volume.getName())).write(content.files());
    } catch (IOException e) {
      throw new MountException("cannot write the files: " + e.getMessage());
    }
    renewals.put(volume.getName(), content.renewAt());
  }

  private Path path(String volume) throws MountException {
    Path parent = directory.resolve("volumes").resolve("kubernetes.io~projected");
    Path path = parent.resolve(volume).normalize();
    if (!parent.equals(path.getParent())) {
      throw new MountException("invalid name of a volume: \"" + volume + "\"");
    }
    return path;
  }

  /** Returns how soon a token is to be renewed; zero when there is none. */
  public Duration untilRenewal() {
    Instant next = renewals.values().stream().min(Instant::compareTo).orElse(Instant.MAX);
    if (next.equals(Instant.MAX)) {
      return Duration.ZERO;
    }
    Duration left = Duration.between(Instant.now(), next);
    return left.compareTo(SOONEST) < 0 ? SOONEST : left;
  }

  /** Deletes the pod's files. */
  public void remove() throws IOException {
    renewals.clear();
    AtomicDirectory.deleteTree(directory);
  }
}
