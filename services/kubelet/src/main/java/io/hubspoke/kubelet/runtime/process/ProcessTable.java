package io.hubspoke.kubelet.runtime.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the system says about its processes; nothing where there is no {@code /proc}. */
final class ProcessTable {
  private static final Path PROC = Path.of("/proc");
  private static final long TICK_NANOS = 10_000_000;
  private static final long PAGE = 4096;

  private ProcessTable() {}

  /**
   * One process.
   *
   * @param startTime in ticks since the machine's start: together with the number it names a
   *     process for good
   */
  record Entry(
      int pid, char state, int parent, int session, long cpuNanos, long startTime, long memory) {}

  /** Returns what there is about a process. */
  static Optional<Entry> entry(int pid) {
    try {
      String stat =
          new String(Files.readAllBytes(PROC.resolve(pid + "/stat")), StandardCharsets.ISO_8859_1);
      // The name in parentheses may contain anything.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long cpu = 0;
      // Its own and those of the children it has reaped, in user mode and in the kernel.
      for (int i = 11; i <= 14; i++) {
        cpu += Long.parseLong(fields[i]);
      }
      return Optional.of(
          new Entry(
              pid,
              fields[0].charAt(0),
              Integer.parseInt(fields[1]),
              Integer.parseInt(fields[3]),
              cpu * TICK_NANOS,
              Long.parseLong(fields[19]),
              Long.parseLong(fields[21]) * PAGE));
    } catch (IOException | RuntimeException e) {
      // Gone meanwhile.
      return Optional.empty();
    }
  }

  /** Returns all processes that can be seen. */
  static List<Entry> all() {
    List<Entry> entries = new ArrayList<>();
    try (DirectoryStream<Path> pids = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path path : pids) {
        entry(Integer.parseInt(path.getFileName().toString())).ifPresent(entries::add);
      }
    } catch (IOException | NumberFormatException e) {
      return entries;
    }
    return entries;
  }

  /** Returns a process, its descendants, and all of its session. */
  static List<Entry> tree(int pid) {
    List<Entry> all = all();
    Set<Integer> members = new HashSet<>();
    members.add(pid);
    boolean grown = true;
    while (grown) {
      grown = false;
      for (Entry entry : all) {
        if ((members.contains(entry.parent()) || entry.session() == pid)
            && members.add(entry.pid())) {
          grown = true;
        }
      }
    }
    return all.stream().filter(entry -> members.contains(entry.pid())).toList();
  }

  /** Returns the processes of the PID namespace that a process is in. */
  static List<Entry> namespace(int pid) {
    String own = pidNamespace(pid);
    return own == null
        ? List.of()
        : all().stream().filter(entry -> own.equals(pidNamespace(entry.pid()))).toList();
  }

  /** Returns the processes whose environment has an entry. */
  static List<Entry> withEnvironment(String entry) {
    byte[] wanted = ("\0" + entry + "\0").getBytes(StandardCharsets.UTF_8);
    String needle = new String(wanted, StandardCharsets.ISO_8859_1);
    return all().stream().filter(process -> environment(process.pid()).contains(needle)).toList();
  }

  private static String environment(int pid) {
    try {
      return "\0"
          + new String(
              Files.readAllBytes(PROC.resolve(pid + "/environ")), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      // Gone, or another user's.
      return "";
    }
  }

  /** Returns the name of the PID namespace that a process is in, or null. */
  static String pidNamespace(int pid) {
    try {
      return Files.readSymbolicLink(PROC.resolve(pid + "/ns/pid")).toString();
    } catch (IOException e) {
      return null;
    }
  }
}
