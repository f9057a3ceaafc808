package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;

/**
 * The folder of {@code --pod-manifest-path}, one pod a file. Files whose names begin with a dot and
 * folders are not looked at.
 */
final class ManifestFolder {
  /** The apiserver takes no larger object either. */
  private static final long LONGEST = 3 << 20;

  /**
   * A file as it was read.
   *
   * @param pod null when there is none in it
   */
  private record Manifest(FileTime modified, long size, Object key, Pod pod) {}

  private final Path folder;
  private final String node;
  private final BiConsumer<String, String> broken;
  private Map<Path, Manifest> known = new HashMap<>();
  private boolean missing;

  /**
   * Has read nothing yet.
   *
   * @param broken told of files or the folder that can't be read and why, once for each state
   */
  ManifestFolder(Path folder, String node, BiConsumer<String, String> broken) {
    this.folder = folder;
    this.node = node;
    this.broken = broken;
  }

  /** Reads what has changed. */
  void read() {
    Map<Path, Manifest> now = new HashMap<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder, f -> !f.getFileName().toString().startsWith("."))) {
      for (Path file : files) {
        look(file, now);
      }
      missing = false;
    } catch (IOException e) {
      // What runs goes on: a folder that can't be read is not an empty one.
      if (!missing) {
        missing = true;
        broken.accept(folder.toString(), e.toString());
      }
      return;
    }
    known = now;
  }

  /** Returns the pods that there should be. */
  List<Pod> pods() {
    return known.values().stream().map(Manifest::pod).filter(Objects::nonNull).toList();
  }

  private void look(Path file, Map<Path, Manifest> now) {
    Manifest before = known.get(file);
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (IOException gone) {
      return;
    }
    if (!attributes.isRegularFile()) {
      return;
    }
    Object key = attributes.fileKey();
    if (before != null
        && before.modified.equals(attributes.lastModifiedTime())
        && before.size == attributes.size()
        && Objects.equals(before.key, key)) {
      now.put(file, before);
      return;
    }
    Pod pod = null;
    try {
      if (attributes.size() > LONGEST) {
        throw new IllegalArgumentException("longer than " + LONGEST + " bytes");
      }
      pod = StaticPod.read(Files.readAllBytes(file), file, node);
    } catch (IOException | IllegalArgumentException e) {
      broken.accept(file.toString(), e.getMessage());
    }
    now.put(file, new Manifest(attributes.lastModifiedTime(), attributes.size(), key, pod));
  }
}
