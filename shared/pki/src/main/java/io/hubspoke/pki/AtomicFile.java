package io.hubspoke.pki;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/**
 * Replaces a file as a whole: a reader sees the old content or the new, and nobody sees a private
 * file while its permissions are still open.
 */
public final class AtomicFile {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> PUBLIC =
      PosixFilePermissions.fromString("rw-r--r--");

  private AtomicFile() {}

  /** Writes a file that its owner alone may read. */
  public static void writePrivate(Path file, String content) throws IOException {
    write(file, content, PRIVATE);
  }

  /** Writes a file that everyone may read. */
  public static void writePublic(Path file, String content) throws IOException {
    write(file, content, PUBLIC);
  }

  /** What a file is to hold, written piece by piece. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Writes a file that its owner alone may read, and that is on the disk when this returns. */
  public static void writePrivate(Path file, Content content) throws IOException {
    write(
        file,
        PRIVATE,
        channel -> {
          content.writeTo(Channels.newOutputStream(channel));
          channel.force(true);
        });
  }

  private static void write(Path file, String content, Set<PosixFilePermission> permissions)
      throws IOException {
    var buffer = ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8));
    write(
        file,
        permissions,
        channel -> {
          while (buffer.hasRemaining()) {
            channel.write(buffer);
          }
        });
  }

  private interface Writing {
    void to(FileChannel channel) throws IOException;
  }

  private static void write(Path file, Set<PosixFilePermission> permissions, Writing content)
      throws IOException {
    // A link, such as the kubelet's "current" certificate, keeps pointing where it points.
    var target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
    var parent = target.getParent();
    Files.createDirectories(parent);
    var temporary = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID());
    try {
      try (var channel =
          FileChannel.open(
              temporary,
              EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(permissions))) {
        content.to(channel);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
