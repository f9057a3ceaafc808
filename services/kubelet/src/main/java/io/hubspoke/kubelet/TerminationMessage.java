package io.hubspoke.kubelet;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.Container;
import io.hubspoke.kubelet.logs.LogOptions;
import io.hubspoke.kubelet.logs.LogReader;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;

/**
 * What a container says at its end: in a file of its own, or, where its pod wants that, by the last
 * lines of its log when it fails (Kubernetes documentation, "Determine the Reason for Pod
 * Failure").
 */
final class TerminationMessage {
  static final String DEFAULT_PATH = "/dev/termination-log";
  private static final int LONGEST = 4096;
  private static final int LONGEST_LOG = 2048;
  private static final LogOptions LAST_LINES =
      new LogOptions(false, false, false, 80, 1 << 20, Instant.MIN);

  private final Path file;
  private final Path log;
  private final Container spec;

  TerminationMessage(Path file, Path log, Container spec) {
    this.file = file;
    this.log = log;
    this.spec = spec;
  }

  /**
   * Makes the file, empty, for whatever user the container has; returns how the container sees it.
   */
  Mount make() throws IOException {
    Files.createDirectories(file.getParent());
    Files.deleteIfExists(file);
    Files.createFile(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    String path = spec.getTerminationMessagePath();
    return new Mount(
        file.toRealPath(), path == null || path.isEmpty() ? DEFAULT_PATH : path, false);
  }

  /** Returns the message; empty when there is none. */
  String read(int exitCode) {
    try {
      String said = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? said() : "";
      boolean fallBack =
          said.isEmpty()
              && exitCode != 0
              && "FallbackToLogsOnError".equals(spec.getTerminationMessagePolicy());
      return fallBack ? endOfLog() : said;
    } catch (IOException e) {
      return "Error on reading termination log: " + e.getMessage();
    }
  }

  private String said() throws IOException {
    // The container can't put a link in its place from inside; nobody is followed all the same.
    try (SeekableByteChannel in =
        Files.newByteChannel(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      in.position(Math.max(0, in.size() - LONGEST));
      return new String(Channels.newInputStream(in).readNBytes(LONGEST), UTF_8);
    }
  }

  private String endOfLog() throws IOException {
    if (!Files.exists(log)) {
      return "";
    }
    Buffer end = Buffer.buffer();
    var sink =
        new LogReader.Sink() {
          @Override
          public boolean write(Buffer text) {
            end.appendBuffer(text);
            return true;
          }

          @Override
          public boolean closed() {
            return false;
          }

          @Override
          public void pause(Duration time) {
            // Nothing is waited for: the log is complete.
          }
        };
    new LogReader(log, LAST_LINES, sink).read(() -> false);
    return end.getBuffer(Math.max(0, end.length() - LONGEST_LOG), end.length()).toString(UTF_8);
  }
}
