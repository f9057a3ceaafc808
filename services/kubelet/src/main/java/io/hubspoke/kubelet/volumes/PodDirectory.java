package io.hubspoke.kubelet.volumes;

import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Predicate;

/**
 * The directory of one pod, {@code pods/UID} below the kubelet's root. Nobody but the kubelet's own
 * user gets past {@code pods}, whatever the files in it permit.
 */
public final class PodDirectory {
  private static final String PLUGIN = "kubernetes.io~";
  private static final String EMPTY_DIRS = PLUGIN + "empty-dir";

  private final Path directory;

  /**
   * Names the directory, which may not be there yet.
   *
   * @param rootDir the kubelet's
   */
  public PodDirectory(Path rootDir, String uid) {
    this.directory = child(ofPods(rootDir), uid);
  }

  private static Path ofPods(Path rootDir) {
    return rootDir.resolve("pods");
  }

  /** Names come from far away, and must not lead elsewhere. */
  private static Path child(Path parent, String name) {
    Path path = parent.resolve(name).normalize();
    if (!parent.normalize().equals(path.getParent())) {
      throw new IllegalArgumentException("\"" + name + "\" can't be the name of a directory");
    }
    return path;
  }

  /** Makes the directory of all pods, closed to others. */
  public static void prepare(Path rootDir) throws IOException {
    Path pods = Files.createDirectories(ofPods(rootDir));
    Files.setPosixFilePermissions(pods, PosixFilePermissions.fromString("rwx------"));
  }

  /**
   * Deletes what an earlier kubelet left of its pods, whose containers have ended: all but the
   * directories that a pod keeps as long as it is on the node.
   */
  public static void deleteLeftovers(Path rootDir) throws IOException {
    Tmpfs.unmountBelow(ofPods(rootDir));
    try (var pods = Files.newDirectoryStream(ofPods(rootDir))) {
      for (Path pod : pods) {
        deleteBut(pod, "volumes");
        deleteBut(pod.resolve("volumes"), EMPTY_DIRS);
      }
    }
  }

  /** Deletes the directories and logs of pods that are not on this node any more. */
  public static void deleteOrphans(Path rootDir, Predicate<String> present) throws IOException {
    try (var pods = Files.newDirectoryStream(ofPods(rootDir))) {
      for (Path pod : pods) {
        if (!present.test(pod.getFileName().toString())) {
          DirectoryTree.delete(pod);
        }
      }
    }
    Path logs = rootDir.resolve("logs");
    if (!Files.isDirectory(logs, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    // NAMESPACE_NAME_UID; what has another name is not the kubelet's.
    try (var pods = Files.newDirectoryStream(logs, "*_*_*")) {
      for (Path pod : pods) {
        String name = pod.getFileName().toString();
        if (!present.test(name.substring(name.lastIndexOf('_') + 1))) {
          DirectoryTree.delete(pod);
        }
      }
    }
  }

  private static void deleteBut(Path directory, String kept) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (var entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (!entry.getFileName().toString().equals(kept)) {
          DirectoryTree.delete(entry);
        }
      }
    }
  }

  /** Returns where a volume of a plugin is. */
  Path volume(String plugin, String name) {
    return child(directory.resolve("volumes").resolve(PLUGIN + plugin), name);
  }

  /** Returns where a path in a volume is kept for one mount of a container. */
  Path subpath(String volume, String container, int mount) {
    Path parent = child(child(directory.resolve("volume-subpaths"), volume), container);
    return parent.resolve(String.valueOf(mount));
  }

  /** Returns where a container says why a run of it ended. */
  public Path terminationMessage(String container, int attempt) {
    return child(directory.resolve("containers"), container).resolve(String.valueOf(attempt));
  }

  /** Returns where {@code /etc/hosts} of its containers is. */
  public Path hosts() {
    return directory.resolve("etc-hosts");
  }

  void unmount() throws IOException {
    Tmpfs.unmountBelow(directory);
  }

  void remove() throws IOException {
    DirectoryTree.delete(directory);
  }

  /** Returns how many bytes the files in a directory have; links are not followed. */
  static long size(Path directory) throws IOException {
    long[] size = {0};
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            size[0] += attributes.size();
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException gone) {
            return FileVisitResult.CONTINUE;
          }
        });
    return size[0];
  }
}
