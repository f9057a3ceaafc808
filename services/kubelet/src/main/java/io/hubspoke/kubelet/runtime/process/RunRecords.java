package io.hubspoke.kubelet.runtime.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which processes are containers of this kubelet, on disk, so that the next run of it can end those
 * that this one leaves when it is killed. A process is named by number and start time: a number
 * alone may be another's by then.
 */
final class RunRecords {
  private final Path directory;

  RunRecords(Path directory) {
    this.directory = directory;
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

  /** Ends what an earlier run has left; waits for nothing. */
  void endLeftovers() throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> records = Files.newDirectoryStream(directory)) {
      for (Path record : records) {
        String id = record.getFileName().toString();
        Stream<ProcessTable.Entry> found = recorded(record).stream();
        Stream.concat(found, ProcessTable.withEnvironment(PlainContainers.mark(id)).stream())
            .forEach(entry -> Libc.tryCall(Libc.KILL, entry.pid(), Libc.SIGKILL));
        Files.delete(record);
      }
    }
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
