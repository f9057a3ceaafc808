package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds where a path of a container is on this machine: in one of its mounts, or nowhere. Nothing
 * outside a mount's own directory is reached through it, by whatever links.
 */
public final class MountedFiles {
  private final List<Mount> mounts;

  public MountedFiles(List<Mount> mounts) {
    // The innermost of mounts upon each other is what a container sees.
    this.mounts =
        mounts.stream()
            .sorted(Comparator.comparingInt((Mount m) -> m.containerPath().length()).reversed())
            .toList();
  }

  /**
   * Returns where a path is, links not followed, so that it stays good when what it leads to is
   * replaced, as files of volumes are.
   *
   * @throws IOException when it is in no mount, is not there, or leads out of its mount
   */
  public Path file(String path) throws IOException {
    Path wanted = Path.of("/").resolve(path).normalize();
    Mount mount =
        mount(wanted).orElseThrow(() -> new IOException(path + ": No such file or directory"));
    Path below = Path.of(mount.containerPath()).normalize().relativize(wanted);
    // Relativizing a path from itself leaves the empty path, which resolves to the directory.
    Path host = mount.hostPath().resolve(below.toString());
    Path real;
    Path root;
    try {
      root = mount.hostPath().toRealPath();
      real = host.toRealPath();
    } catch (IOException e) {
      throw new IOException(path + ": No such file or directory", e);
    }
    if (!real.startsWith(root)) {
      throw new IOException(path + ": Permission denied");
    }
    return host;
  }

  private Optional<Mount> mount(Path wanted) {
    return mounts.stream()
        .filter(mount -> wanted.startsWith(Path.of(mount.containerPath()).normalize()))
        .findFirst();
  }
}
