package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.HostPathVolumeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Looks whether a path of the node is what a volume says, and makes it where it may. */
final class HostPath {
  private static final int TYPE_BITS = 0170000;
  private static final int SOCKET = 0140000;
  private static final int BLOCK_DEVICE = 0060000;
  private static final int CHARACTER_DEVICE = 0020000;

  private HostPath() {}

  static Path check(HostPathVolumeSource source) throws MountException {
    String given = source.getPath();
    if (!given.startsWith("/") || given.indexOf('\0') >= 0) {
      throw new MountException("hostPath must be an absolute path, but is \"" + given + "\"");
    }
    Path path = Path.of(given).normalize();
    String type = source.getType() == null ? "" : source.getType();
    try {
      switch (type) {
        case "" -> {}
        case "DirectoryOrCreate" -> {
          if (!Files.exists(path)) {
            Files.createDirectories(path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
          }
          require(Files.isDirectory(path), path, "a directory");
        }
        case "Directory" -> require(Files.isDirectory(path), path, "a directory");
        case "FileOrCreate" -> {
          if (!Files.exists(path)) {
            Files.createFile(path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
          }
          require(Files.isRegularFile(path), path, "a file");
        }
        case "File" -> require(Files.isRegularFile(path), path, "a file");
        case "Socket" -> require(is(path, SOCKET), path, "a socket file");
        case "CharDevice" -> require(is(path, CHARACTER_DEVICE), path, "a character device");
        case "BlockDevice" -> require(is(path, BLOCK_DEVICE), path, "a block device");
        default -> throw new MountException("unknown type of a hostPath: \"" + type + "\"");
      }
    } catch (IOException e) {
      throw new MountException("hostPath type check failed: " + path + ": " + e);
    }
    return path;
  }

  private static void require(boolean holds, Path path, String what) throws MountException {
    if (!holds) {
      throw new MountException("hostPath type check failed: " + path + " is not " + what);
    }
  }

  private static boolean is(Path path, int type) throws IOException {
    try {
      return ((int) Files.getAttribute(path, "unix:mode") & TYPE_BITS) == type;
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
