package io.hubspoke.apiserver.audit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A log file that only its owner reads. When it is full it is renamed, with the time in its name,
 * and a new one begun; the oldest are deleted. One thread writes.
 */
final class AuditFile {
  private static final long MEGABYTE = 1024L * 1024;
  private static final int DEFAULT_MEGABYTES = 100;
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss.SSS");

  private final Path path;
  private final long most;
  private final int maxBackups;
  private final Duration maxAge;
  private final InstantSource clock;
  private OutputStream out;
  private long size;

  /** What was kept of a full file, and since when. */
  private record Backup(Path file, Instant since) {}

  AuditFile(Path path, AuditOptions options, InstantSource clock) {
    this(
        path,
        (options.maxSize() == 0 ? DEFAULT_MEGABYTES : options.maxSize()) * MEGABYTE,
        options.maxBackups(),
        Duration.ofDays(options.maxAge()),
        clock);
  }

  AuditFile(Path path, long most, int maxBackups, Duration maxAge, InstantSource clock) {
    this.path = path.toAbsolutePath();
    this.most = most;
    this.maxBackups = maxBackups;
    this.maxAge = maxAge;
    this.clock = clock;
  }

  /** Opens the file, so that a start fails where it can't be written. */
  void open() throws IOException {
    Files.createDirectories(path.getParent());
    var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    Set<StandardOpenOption> how =
        EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    FileChannel channel = FileChannel.open(path, how, mode);
    size = channel.size();
    out = Channels.newOutputStream(channel);
  }

  void write(byte[] lines) throws IOException {
    if (out != null && size > 0 && size + lines.length > most) {
      rotate();
    }
    // After a failure, such as a full disk, each write tries anew.
    if (out == null) {
      open();
    }
    out.write(lines);
    size += lines.length;
  }

  void close() throws IOException {
    if (out != null) {
      out.close();
      out = null;
    }
  }

  private void rotate() throws IOException {
    close();
    String stamp = STAMP.format(LocalDateTime.ofInstant(clock.instant(), ZoneOffset.UTC));
    Files.move(
        path,
        path.resolveSibling(prefix() + stamp + suffix()),
        StandardCopyOption.REPLACE_EXISTING);
    removeOld();
  }

  private void removeOld() throws IOException {
    List<Backup> backups = backups();
    Instant oldest = maxAge.isZero() ? Instant.MIN : clock.instant().minus(maxAge);
    for (int i = 0; i < backups.size(); i++) {
      Backup backup = backups.get(i);
      if ((maxBackups > 0 && i >= maxBackups) || backup.since.isBefore(oldest)) {
        Files.deleteIfExists(backup.file);
      }
    }
  }

  /** Returns the full files, the newest first. */
  private List<Backup> backups() throws IOException {
    List<Backup> backups = new ArrayList<>();
    try (var files = Files.newDirectoryStream(path.getParent())) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (name.startsWith(prefix())
            && name.endsWith(suffix())
            && name.length() > prefix().length() + suffix().length()) {
          String stamp = name.substring(prefix().length(), name.length() - suffix().length());
          try {
            backups.add(
                new Backup(file, LocalDateTime.parse(stamp, STAMP).toInstant(ZoneOffset.UTC)));
          } catch (DateTimeParseException e) {
            // Somebody else's file.
          }
        }
      }
    }
    backups.sort(Comparator.comparing(Backup::since).reversed());
    return backups;
  }

  private String prefix() {
    String name = path.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return (dot <= 0 ? name : name.substring(0, dot)) + "-";
  }

  private String suffix() {
    String name = path.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot <= 0 ? "" : name.substring(dot);
  }
}
