package io.hubspoke.kubelet.volumes;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** File systems in memory, mounted as root on Linux. Its methods wait for the mount command. */
final class Tmpfs {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final int MOUNT_POINT = 4;
  private static final long TIMEOUT_SECONDS = 10;

  private Tmpfs() {}

  /**
   * Mounts one over an empty directory.
   *
   * @param size the most bytes that it takes; 0 for the system's own limit
   */
  static void mount(Path directory, long size) throws IOException {
    String options = size > 0 ? "mode=0777,size=" + size : "mode=0777";
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory.toString());
  }

  /** Unmounts whatever is mounted below a directory. */
  static void unmountBelow(Path directory) throws IOException {
    if (!Files.isReadable(MOUNTS) || !Files.exists(directory)) {
      return;
    }
    Path real = directory.toRealPath();
    List<String> below = new ArrayList<>();
    for (String line : Files.readAllLines(MOUNTS)) {
      String point = unescaped(line.split(" ", MOUNT_POINT + 2)[MOUNT_POINT]);
      if (point.startsWith(real + "/")) {
        below.addFirst(point);
      }
    }
    for (String point : below) {
      run("umount", point);
    }
  }

  /** Undoes proc(5)'s way of writing spaces and the like: an octal number after a backslash. */
  private static String unescaped(String point) {
    if (point.indexOf('\\') < 0) {
      return point;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < point.length(); i++) {
      if (point.charAt(i) == '\\' && i + 3 < point.length()) {
        text.append((char) Integer.parseInt(point.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        text.append(point.charAt(i));
      }
    }
    return text.toString();
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(String.join(" ", command) + ": " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}
