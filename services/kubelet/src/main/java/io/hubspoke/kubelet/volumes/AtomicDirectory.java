package io.hubspoke.kubelet.volumes;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A directory whose files are replaced all at once, in the kubelet's layout: they are in a hidden
 * directory of their own, {@code ..data} links to it, and the visible names are links through that
 * one. A reader sees the old files or the new ones, never some of each.
 */
final class AtomicDirectory {
  private static final String DATA = "..data";
  private static final FileAttribute<?> OWN_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<?> OWN_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path directory;

  AtomicDirectory(Path directory) {
    this.directory = directory;
  }

  /**
   * Replaces the content.
   *
   * @param files content by relative path, which must not lead out of the directory
   */
  void write(Map<String, byte[]> files) throws IOException, MountException {
    Files.createDirectories(directory.getParent());
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(directory, OWN_DIRECTORY);
    }
    Path fresh = Files.createDirectory(directory.resolve(".." + UUID.randomUUID()), OWN_DIRECTORY);
    Set<String> visible;
    try {
      visible = fill(fresh, files);
    } catch (IOException | MountException e) {
      // It is tried again, and what was written may be secret.
      deleteTree(fresh);
      throw e;
    }
    Path data = directory.resolve(DATA);
    Path old = Files.isSymbolicLink(data) ? directory.resolve(Files.readSymbolicLink(data)) : null;
    Path link = directory.resolve("..data_tmp");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, fresh.getFileName());
    Files.move(link, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    link(visible);
    if (old != null) {
      deleteTree(old);
    }
  }

  /** Writes the files; returns the names at the top. */
  private static Set<String> fill(Path fresh, Map<String, byte[]> files)
      throws IOException, MountException {
    Set<String> visible = new TreeSet<>();
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path target = inside(fresh, file.getKey());
      createParents(fresh, target.getParent());
      Files.createFile(target, OWN_FILE);
      Files.write(target, file.getValue(), StandardOpenOption.WRITE);
      visible.add(fresh.relativize(target).getName(0).toString());
    }
    return visible;
  }

  private void link(Set<String> visible) throws IOException {
    for (String name : visible) {
      Path link = directory.resolve(name);
      if (!Files.isSymbolicLink(link)) {
        Files.createSymbolicLink(link, Path.of(DATA, name));
      }
    }
    try (var present = Files.newDirectoryStream(directory)) {
      for (Path entry : present) {
        String name = entry.getFileName().toString();
        if (!name.startsWith("..") && !visible.contains(name)) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }

  /** The paths come from a pod's spec; the apiserver has looked at them, but that is far away. */
  private static Path inside(Path root, String relative) throws MountException {
    if (relative.indexOf('\0') >= 0) {
      throw new MountException("invalid path: no file's name has a NUL in it");
    }
    Path path = root.resolve(relative).normalize();
    if (relative.isEmpty()
        || relative.startsWith("/")
        || !path.startsWith(root)
        || path.equals(root)
        || Path.of(relative).normalize().getName(0).toString().startsWith("..")) {
      throw new MountException("invalid path \"" + relative + "\": it must stay in the volume");
    }
    return path;
  }

  private static void createParents(Path root, Path directory) throws IOException {
    if (!directory.equals(root) && !Files.isDirectory(directory)) {
      createParents(root, directory.getParent());
      Files.createDirectory(directory, OWN_DIRECTORY);
    }
  }

  /** Deletes a directory with all that is in it, if it is there; links are not followed. */
  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
