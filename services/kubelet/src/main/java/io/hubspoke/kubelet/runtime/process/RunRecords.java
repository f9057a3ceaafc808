package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Which processes are containers of this kubelet, on disk, so that the next run of it can end those
 * that this one leaves when it is killed. A process is named by number and start time: a number
 * alone may be another's by then.
 */
final class RunRecords {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration STEP = Duration.ofMillis(5);

  private final Path all;
  private final Path directory;

  /**
   * Makes those of one run.
   *
   * @param all with a folder for each run
   */
  RunRecords(Path all, String run) {
    this.all = all;
    this.directory = all.resolve(run);
  }

  /** Returns the folder of this run. */
  Path directory() {
    return directory;
  }

  /** Notes that a container's process is about to run its program. */
  void note(String id, int pid) {
    Optional<ProcessTable.Entry> entry = ProcessTable.entry(pid);
    try {
      Files.createDirectories(directory);
      Files.writeString(
          directory.resolve(id), pid + " " + entry.map(ProcessTable.Entry::startTime).orElse(-1L));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void remove(String id) throws IOException {
    Files.deleteIfExists(directory.resolve(id));
  }

  /** Ends what an earlier run has left, and waits a while until its ports are free. */
  void endLeftovers() throws IOException {
    if (!Files.isDirectory(all)) {
      return;
    }
    List<ProcessTable.Entry> ending = new ArrayList<>();
    try (DirectoryStream<Path> runs = Files.newDirectoryStream(all)) {
      for (Path run : runs) {
        try (DirectoryStream<Path> records = Files.newDirectoryStream(run)) {
          for (Path record : records) {
            ending.addAll(end(record));
          }
        }
        DirectoryTree.delete(run);
      }
    }
    awaitEnd(ending);
  }

  private static List<ProcessTable.Entry> end(Path record) throws IOException {
    String id = record.getFileName().toString();
    List<ProcessTable.Entry> left =
        Stream.concat(
                recorded(record).stream(),
                ProcessTable.withEnvironment(PlainContainers.mark(id)).stream())
            .toList();
    left.forEach(entry -> Libc.tryCall(Libc.KILL, entry.pid(), Libc.SIGKILL));
    return left;
  }

  private static void awaitEnd(List<ProcessTable.Entry> ending) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline && ending.stream().anyMatch(RunRecords::runs)) {
      LockSupport.parkNanos(STEP.toNanos());
    }
  }

  private static boolean runs(ProcessTable.Entry entry) {
    return ProcessTable.entry(entry.pid())
        .filter(now -> now.startTime() == entry.startTime() && now.state() != 'Z')
        .isPresent();
  }

  private static List<ProcessTable.Entry> recorded(Path record) throws IOException {
    String[] fields = Files.readString(record).strip().split(" ", 2);
    try {
      int pid = Integer.parseInt(fields[0]);
      long startTime = Long.parseLong(fields[1]);
      return ProcessTable.entry(pid).filter(e -> e.startTime() == startTime).isPresent()
          ? ProcessTable.tree(pid)
          : List.of();
    } catch (RuntimeException e) {
      // Cut short when the machine went down; its processes went with it.
      return List.of();
    }
  }
}
