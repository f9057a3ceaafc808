package io.hubspoke.kubelet.volumes;

import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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

  private static final int DIRECTORY_MODE = 0755;

  private final Path directory;
  private final VolumeOwner owner;

  AtomicDirectory(Path directory, VolumeOwner owner) {
    this.directory = directory;
    this.owner = owner;
  }

  /**
   * Replaces the content.
   *
   * @param files content by relative path, which must not lead out of the directory
   */
  void write(Map<String, VolumeFile> files) throws IOException, MountException {
    Files.createDirectories(directory.getParent());
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(directory, OWN_DIRECTORY);
    }
    owner.giveDirectory(directory, DIRECTORY_MODE);
    Path fresh = Files.createDirectory(directory.resolve(".." + UUID.randomUUID()), OWN_DIRECTORY);
    Set<String> visible;
    try {
      visible = fill(fresh, files);
      owner.giveDirectory(fresh, DIRECTORY_MODE);
    } catch (IOException | MountException e) {
      // It is tried again, and what was written may be secret.
      DirectoryTree.delete(fresh);
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
      DirectoryTree.delete(old);
    }
  }

  /** Writes the files; returns the names at the top. */
  private Set<String> fill(Path fresh, Map<String, VolumeFile> files)
      throws IOException, MountException {
    Set<String> visible = new TreeSet<>();
    for (Map.Entry<String, VolumeFile> file : files.entrySet()) {
      Path target = inside(fresh, file.getKey());
      createParents(fresh, target.getParent());
      Files.createFile(target, OWN_FILE);
      VolumeFile content = file.getValue();
      Files.write(target, content.content(), StandardOpenOption.WRITE);
      owner.giveFile(target, content.mode(), content.uid());
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

  private void createParents(Path root, Path directory) throws IOException {
    if (!directory.equals(root) && !Files.isDirectory(directory)) {
      createParents(root, directory.getParent());
      Files.createDirectory(directory, OWN_DIRECTORY);
      owner.giveDirectory(directory, DIRECTORY_MODE);
    }
  }
}
