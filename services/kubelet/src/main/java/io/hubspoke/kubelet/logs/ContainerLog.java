package io.hubspoke.kubelet.logs;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a container says to a file in CRI's log format, one rotated file beside it. The file
 * is open only while something is written, so that a container costs no file descriptor.
 */
public final class ContainerLog {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerLog.class);

  /** Longer lines are cut into partial ones, as containerd does. */
  static final int MAX_LINE = 16 << 10;

  private static final int MAX_PENDING = 256 << 10;

  /** What containers say may be secret. */
  private static final FileAttribute<?> MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----"));

  private final Path file;
  private final long maxSize;

  // Guarded by this.
  private ByteArrayOutputStream pending = new ByteArrayOutputStream(0);
  private List<Promise<Void>> writers = new ArrayList<>(0);
  private boolean writing;

  // Touched by the one thread that writes.
  private long lost;

  /**
   * Makes a log that begins with the first line.
   *
   * @param maxSize bytes after which a new file is begun
   */
  public ContainerLog(Path file, long maxSize) {
    this.file = file;
    this.maxSize = maxSize;
  }

  /** Where to write a line to. */
  public enum Stream {
    STDOUT("stdout"),
    STDERR("stderr");

    private final String label;

    Stream(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  /**
   * Appends a line; completes when it is in the file. A writer that waits for that can't outrun the
   * disk; for one that doesn't, lines beyond a limit fail and are lost.
   */
  public Future<Void> write(Stream stream, String line) {
    byte[] text = line.getBytes(StandardCharsets.UTF_8);
    Promise<Void> promise = Promise.promise();
    synchronized (this) {
      if (pending.size() + text.length > MAX_PENDING) {
        return Future.failedFuture(new IOException("the log " + file + " is not keeping up"));
      }
      String head = Instant.now() + " " + stream.label;
      int from = 0;
      while (text.length - from > MAX_LINE) {
        append(head + " P ", text, from, MAX_LINE);
        from += MAX_LINE;
      }
      append(head + " F ", text, from, text.length - from);
      writers.add(promise);
      startDrain();
    }
    return promise.future();
  }

  /**
   * Appends lines that a {@link LineEncoder} made; completes when they are in the file. Whoever
   * writes these waits for that.
   */
  public Future<Void> write(byte[] lines) {
    if (lines.length == 0) {
      return Future.succeededFuture();
    }
    Promise<Void> promise = Promise.promise();
    synchronized (this) {
      pending.writeBytes(lines);
      writers.add(promise);
      startDrain();
    }
    return promise.future();
  }

  private void startDrain() {
    if (!writing) {
      writing = true;
      Thread.ofVirtual().start(this::drain);
    }
  }

  /** Completes when what was given to write so far is in the file, or could not be written. */
  public Future<Void> settled() {
    synchronized (this) {
      if (!writing) {
        return Future.succeededFuture();
      }
      Promise<Void> promise = Promise.promise();
      writers.add(promise);
      return promise.future().otherwiseEmpty();
    }
  }

  private void append(String head, byte[] text, int from, int length) {
    pending.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    pending.write(text, from, length);
    pending.write('\n');
  }

  private void drain() {
    while (true) {
      byte[] bytes;
      List<Promise<Void>> done;
      synchronized (this) {
        if (writers.isEmpty()) {
          writing = false;
          return;
        }
        bytes = pending.toByteArray();
        pending = new ByteArrayOutputStream(bytes.length);
        done = writers;
        writers = new ArrayList<>();
      }
      try {
        if (bytes.length > 0) {
          store(bytes);
          found();
        }
        done.forEach(Promise::complete);
      } catch (IOException | RuntimeException e) {
        lost(bytes.length, e);
        done.forEach(p -> p.fail(e));
      }
    }
  }

  /** Tells once why output is lost; whoever writes goes on, since a log is not worth its end. */
  private void lost(int bytes, Exception reason) {
    if (lost == 0) {
      LOG.warn("what a container says is lost: {}: {}", file, reason.getMessage());
    }
    lost += Math.max(1, bytes);
  }

  private void found() {
    if (lost > 0) {
      LOG.info("{} is written again; {} bytes were lost", file, lost);
      lost = 0;
    }
  }

  private void store(byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    if (Files.exists(file) && Files.size(file) + bytes.length > maxSize) {
      Files.move(
          file,
          file.resolveSibling(file.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING);
    }
    Set<OpenOption> append = Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    try (SeekableByteChannel channel = Files.newByteChannel(file, append, MODE)) {
      long size = channel.size();
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      try {
        while (rest.hasRemaining()) {
          int unused = channel.write(rest);
        }
      } catch (IOException e) {
        // Half a line would spoil the next one as well.
        channel.truncate(size);
        throw e;
      }
    }
  }
}
