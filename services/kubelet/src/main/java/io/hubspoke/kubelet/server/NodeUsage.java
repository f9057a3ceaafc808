package io.hubspoke.kubelet.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the machine under a node uses, from Linux' {@code /proc}; every node of a lab on one machine
 * tells the same.
 *
 * @param cpuNanos processor time since the machine's start, of all processors together
 * @param workingSet what can't be taken back at once
 */
record NodeUsage(
    Instant at,
    Instant startedAt,
    long cpuNanos,
    long memoryTotal,
    long memoryUsed,
    long workingSet) {
  /** Of {@code USER_HZ}, which every Linux that Java runs on has at 100. */
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Reads it; empty where there is no {@code /proc}. */
  static Optional<NodeUsage> read() {
    try {
      return Optional.of(
          of(
              Instant.now(),
              Files.readAllLines(Path.of("/proc/stat")),
              Files.readAllLines(Path.of("/proc/meminfo"))));
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  static NodeUsage of(Instant at, List<String> stat, List<String> meminfo) {
    long ticks = 0;
    Instant started = Instant.EPOCH;
    for (String line : stat) {
      String[] words = line.split(" +", -1);
      if (words[0].equals("cpu")) {
        // user nice system idle iowait irq softirq steal; guest time is part of user's.
        for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
          ticks += Long.parseLong(words[i]);
        }
      } else if (words[0].equals("btime")) {
        started = Instant.ofEpochSecond(Long.parseLong(words[1]));
      }
    }
    Map<String, Long> memory = new HashMap<>();
    for (String line : meminfo) {
      String[] words = line.split(":? +", -1);
      memory.put(words[0], Long.parseLong(words[1]) << 10);
    }
    long total = memory.getOrDefault("MemTotal", 0L);
    long used = total - memory.getOrDefault("MemFree", 0L);
    long workingSet = Math.max(0, used - memory.getOrDefault("Inactive(file)", 0L));
    return new NodeUsage(at, started, ticks * NANOS_PER_TICK, total, used, workingSet);
  }
}
