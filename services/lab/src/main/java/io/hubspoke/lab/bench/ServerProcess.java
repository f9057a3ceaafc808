package io.hubspoke.lab.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** What a process of this machine has used so far, as {@code /proc} says. */
public record ServerProcess(long pid) implements ProcessUsage {
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");
  // sysconf(_SC_CLK_TCK), which is 100 on every Linux that a JVM runs on.
  private static final double TICKS_PER_SECOND = 100;
  // proc(5): utime and stime, counted from the state, which follows the command's name.
  private static final int UTIME = 11;

  @Override
  public double cpuSeconds() {
    String stat = read("stat");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[UTIME + 1])) / TICKS_PER_SECOND;
  }

  @Override
  public long residentMegabytes() {
    return megabytes(RSS);
  }

  /**
   * Returns what several have in memory together: what each has for itself, and what they share,
   * the pages of a file that more than one has mapped, once.
   */
  public static long residentMegabytes(Collection<ServerProcess> processes) {
    long own = 0;
    Map<String, Long> shared = new HashMap<>();
    for (ServerProcess process : processes) {
      Map<String, Long> mapped = new HashMap<>();
      var file = "";
      for (String line : process.read("smaps").lines().toList()) {
        String[] fields = line.split(" +", 6);
        switch (fields[0]) {
          case "Private_Clean:", "Private_Dirty:" -> own += Long.parseLong(fields[1]);
          case "Shared_Clean:", "Shared_Dirty:" ->
              mapped.merge(file, Long.parseLong(fields[1]), Long::sum);
          default -> {
            if (!fields[0].endsWith(":")) {
              file = fields.length < 6 ? "" : fields[5];
            }
          }
        }
      }
      mapped.forEach((name, kilobytes) -> shared.merge(name, kilobytes, Math::max));
    }
    return (own + shared.values().stream().mapToLong(Long::longValue).sum()) / 1024;
  }

  @Override
  public long peakMegabytes() {
    return megabytes(PEAK);
  }

  /** Returns what it has used since it had used that much CPU time. */
  Measurement.Cost since(double cpuSeconds) {
    return new Measurement.Cost(cpuSeconds() - cpuSeconds, residentMegabytes(), peakMegabytes());
  }

  /** Ends a child by a signal, and by force when it does not heed it. */
  public static void end(Process process) {
    process.destroy();
    try {
      if (process.waitFor(15, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }

  /** Ends it without a word. */
  public void kill() {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  private long megabytes(Pattern field) {
    var found = field.matcher(read("status"));
    if (!found.find()) {
      throw new IllegalStateException("no " + field.pattern() + " in /proc");
    }
    return Long.parseLong(found.group(1)) / 1024;
  }

  private String read(String file) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/" + file));
    } catch (IOException e) {
      throw new UncheckedIOException("the server has ended", e);
    }
  }
}
