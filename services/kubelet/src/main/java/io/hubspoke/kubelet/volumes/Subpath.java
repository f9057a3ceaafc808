package io.hubspoke.kubelet.volumes;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Finds a path in a volume that a container may mount by itself, and makes it where there is none.
 * Containers write to volumes, also symbolic links that lead elsewhere on the node: what a path
 * comes to in the end must be in the volume.
 */
final class Subpath {
  private Subpath() {}

  static Path resolve(Path volume, String relative) throws MountException, IOException {
    Path given = Path.of(relative);
    if (given.isAbsolute()) {
      throw new MountException("subPath \"" + relative + "\" must not be an absolute path");
    }
    Path root = volume.toRealPath();
    Path current = root;
    for (Path name : given) {
      if (name.toString().equals("..")) {
        throw new MountException("subPath \"" + relative + "\" must not contain '..'");
      }
      if (!name.toString().isEmpty() && !name.toString().equals(".")) {
        current = next(root, current, name, relative);
      }
    }
    return current;
  }

  private static Path next(Path root, Path current, Path name, String relative)
      throws MountException, IOException {
    Path next = current.resolve(name);
    if (!Files.exists(next, LinkOption.NOFOLLOW_LINKS)) {
      make(root, next);
    }
    Path real;
    try {
      real = next.toRealPath();
    } catch (NoSuchFileException e) {
      throw new MountException("subPath \"" + relative + "\" leads to a link that leads nowhere");
    }
    if (!real.startsWith(root)) {
      throw new MountException("subPath \"" + relative + "\" leads out of its volume");
    }
    return real;
  }

  /** Makes a directory that is used as the volume itself is. */
  private static void make(Path root, Path directory) throws IOException {
    try {
      Files.createDirectory(directory);
      for (String attribute : new String[] {"unix:gid", "unix:mode"}) {
        Object value = Files.getAttribute(root, attribute);
        if (!value.equals(Files.getAttribute(directory, attribute, LinkOption.NOFOLLOW_LINKS))) {
          Files.setAttribute(directory, attribute, value, LinkOption.NOFOLLOW_LINKS);
        }
      }
    } catch (FileAlreadyExistsException e) {
      // A container was quicker; what it made is looked at next.
    }
  }
}
