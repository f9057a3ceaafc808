package io.hubspoke.kubelet;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * What a container says at its end: in a file of its own, or, where its pod wants that, by the last
 * lines of its log when it fails (Kubernetes documentation, "Determine the Reason for Pod
 * Failure").
 */
final class TerminationMessage {
  static final String DEFAULT_PATH = "/dev/termination-log";
  private static final int LONGEST = 4096;
  private static final int LONGEST_LOG = 2048;
  private static final int MOST_LINES = 80;

  /** Each line of a log has a time and two words before it. */
  private static final int READ_LOG = 4 * LONGEST_LOG;

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
      String said = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? head() : "";
      boolean fallBack =
          said.isEmpty()
              && exitCode != 0
              && "FallbackToLogsOnError".equals(spec.getTerminationMessagePolicy());
      return fallBack ? lastLines() : said;
    } catch (IOException e) {
      return "Error on reading termination log: " + e.getMessage();
    }
  }

  private String head() throws IOException {
    try (var in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return new String(in.readNBytes(LONGEST), UTF_8);
    }
  }

  private String lastLines() throws IOException {
    if (!Files.exists(log)) {
      return "";
    }
    byte[] tail;
    boolean whole;
    try (RandomAccessFile in = new RandomAccessFile(log.toFile(), "r")) {
      long from = Math.max(0, in.length() - READ_LOG);
      whole = from == 0;
      in.seek(from);
      tail = new byte[(int) (in.length() - from)];
      in.readFully(tail);
    }
    List<String> lines = new String(tail, UTF_8).lines().skip(whole ? 0 : 1).toList();
    StringBuilder text = new StringBuilder();
    for (String line : lines.subList(Math.max(0, lines.size() - MOST_LINES), lines.size())) {
      String[] parts = line.split(" ", 4);
      if (parts.length == 4) {
        text.append(parts[3]).append(parts[2].startsWith("F") ? "\n" : "");
      }
    }
    return text.substring(Math.max(0, text.length() - LONGEST_LOG));
  }
}
