package io.hubspoke.konnectivity.server;

import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The file of a Unix socket, which its owner alone may use: connecting to it needs no other
 * credentials. It is made in a directory that nobody else enters, and moved when it is safe, since
 * a socket's permissions can be set only once it is there.
 */
final class UnixSocketFile {
  private final Path file;
  private final Path directory;
  private Object identity;

  private UnixSocketFile(Path file, Path directory) {
    this.file = file;
    this.directory = directory;
  }

  /**
   * Prepares for it.
   *
   * @param deleteExisting whether a socket that is there already may be taken away
   */
  static UnixSocketFile prepare(Path file, boolean deleteExisting) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      if (!deleteExisting) {
        throw new FileAlreadyExistsException(file.toString(), null, "it is there already");
      }
      var kind = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!kind.isOther()) {
        throw new IOException(file + ": is there already and no socket");
      }
      Files.delete(file);
    }
    // A socket's path has about a hundred characters at most.
    Path directory =
        Files.createTempDirectory(
            file.toAbsolutePath().getParent(),
            ".k",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new UnixSocketFile(file, directory);
  }

  /** Returns where to listen. */
  SocketAddress address() {
    return SocketAddress.domainSocketAddress(directory.resolve("s").toString());
  }

  /** Lets it be found, now that it listens. */
  void publish() throws IOException {
    Path made = directory.resolve("s");
    Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
    identity = identity(made);
    Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    Files.delete(directory);
  }

  /**
   * Takes away what is there of it, but not what another has put in its place meanwhile; called
   * while it is listened on.
   */
  void delete() throws IOException {
    Files.deleteIfExists(directory.resolve("s"));
    Files.deleteIfExists(directory);
    if (identity != null && identity.equals(identity(file))) {
      Files.deleteIfExists(file);
    }
  }

  /** Returns device and inode; null when there is no file. */
  private static Object identity(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .fileKey();
    } catch (NoSuchFileException gone) {
      return null;
    }
  }
}
