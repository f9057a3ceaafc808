package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The volumes of one pod, in the kubelet's layout: under {@code pods/UID/volumes}, by plugin and
 * name. Used by one thread at a time, on virtual threads.
 */
public final class PodVolumes {
  private static final Duration SOONEST = Duration.ofSeconds(1);
  private static final int EMPTY_DIR_MODE = 0777;

  /** What a volume's files are at present. */
  private record Written(String digest, Instant renewAt) {}

  private final PodDirectory directory;
  private final PodObjects objects;
  private final ServiceAccountTokens tokens;
  private final DownwardApi description;
  private final boolean mountsHostPaths;
  private final Map<String, Written> written = new HashMap<>();
  private final Map<String, Path> paths = new HashMap<>();
  private boolean mountedTmpfs;

  /**
   * Makes the volumes of a pod known, none of which is there yet.
   *
   * @param mountsHostPaths whether containers have a file system of their own
   */
  public PodVolumes(
      PodDirectory directory,
      PodObjects objects,
      ServiceAccountTokens tokens,
      DownwardApi description,
      boolean mountsHostPaths) {
    this.directory = directory;
    this.objects = objects;
    this.tokens = tokens;
    this.description = description;
    this.mountsHostPaths = mountsHostPaths;
  }

  /**
   * Makes a volume ready, and brings its files up to date.
   *
   * @throws MountException when something that it holds can't be had
   */
  public void mount(Pod pod, Volume volume) throws MountException {
    String name = volume.getName();
    try {
      if (volume.getHostPath() != null) {
        if (!paths.containsKey(name)) {
          paths.put(name, HostPath.check(volume.getHostPath()));
        }
      } else if (volume.getConfigMap() != null) {
        write(pod, volume, directory.volume("configmap", name));
      } else if (volume.getSecret() != null) {
        write(pod, volume, directory.volume("secret", name));
      } else if (volume.getDownwardAPI() != null) {
        write(pod, volume, directory.volume("downward-api", name));
      } else if (volume.getProjected() != null) {
        write(pod, volume, directory.volume("projected", name));
      } else if (!paths.containsKey(name)) {
        // The API's default for a volume without a source is an emptyDir.
        Path path = directory.volume("empty-dir", name);
        makeEmpty(path, volume.getEmptyDir(), VolumeOwner.of(pod));
        paths.put(name, path);
      }
    } catch (IOException e) {
      throw new MountException("cannot write the files: " + e.getMessage());
    }
  }

  private void write(Pod pod, Volume volume, Path path) throws MountException, IOException {
    VolumeOwner owner = VolumeOwner.of(pod);
    VolumeFiles.Content content =
        new VolumeFiles(objects, tokens, description, pod, owner).collect(volume);
    Written before = written.get(volume.getName());
    String digest = content.digest();
    if (before == null || !before.digest.equals(digest)) {
      new AtomicDirectory(path, owner).write(content.files());
    }
    written.put(volume.getName(), new Written(digest, content.renewAt()));
    paths.put(volume.getName(), path);
  }

  private void makeEmpty(Path path, EmptyDirVolumeSource source, VolumeOwner owner)
      throws MountException, IOException {
    String medium = source == null || source.getMedium() == null ? "" : source.getMedium();
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(path);
    }
    // A program in this process has no file system: where its directory is makes no difference.
    if (!medium.isEmpty() && mountsHostPaths) {
      if (!medium.equals("Memory")) {
        throw new MountException("medium \"" + medium + "\" of an emptyDir is not supported");
      }
      Tmpfs.mount(path, bytes(source.getSizeLimit()));
      mountedTmpfs = true;
    }
    owner.giveDirectory(path, EMPTY_DIR_MODE);
  }

  private static long bytes(Quantity quantity) {
    return quantity == null
        ? 0
        : quantity.getNumericalAmount().setScale(0, RoundingMode.CEILING).longValueExact();
  }

  /** Returns where a volume is; empty before it is mounted. */
  public Optional<Path> path(String name) {
    return Optional.ofNullable(paths.get(name));
  }

  /** Returns how soon a token is to be renewed; zero when there is none. */
  public Duration untilRenewal() {
    Instant next =
        written.values().stream().map(Written::renewAt).min(Instant::compareTo).orElse(Instant.MAX);
    if (next.equals(Instant.MAX)) {
      return Duration.ZERO;
    }
    Duration left = Duration.between(Instant.now(), next);
    return left.compareTo(SOONEST) < 0 ? SOONEST : left;
  }

  /** Returns the name of an emptyDir that holds more than it may. */
  public Optional<Volume> overLimit(Pod pod) throws IOException {
    for (Volume volume : pod.getSpec().getVolumes()) {
      Path path = paths.get(volume.getName());
      if (path != null
          && volume.getEmptyDir() != null
          && volume.getEmptyDir().getSizeLimit() != null
          && PodDirectory.size(path) > bytes(volume.getEmptyDir().getSizeLimit())) {
        return Optional.of(volume);
      }
    }
    return Optional.empty();
  }

  /** Deletes the pod's files. */
  public void remove() throws IOException {
    written.clear();
    paths.clear();
    if (mountedTmpfs) {
      directory.unmount();
      mountedTmpfs = false;
    }
    directory.remove();
  }
}
