package io.hubspoke.runtime;

import java.time.Duration;
import java.time.Instant;

/** Measures the process that a component runs in, under the names that all exporters use. */
public final class ProcessMetrics {
  private ProcessMetrics() {}

  public static void write(Exposition text) {
    text.family(
            "process_start_time_seconds",
            "gauge",
            "Start time of the process since unix epoch in seconds.")
        .family(
            "process_cpu_seconds_total",
            "counter",
            "Total user and system CPU time spent in seconds.");
    var info = ProcessHandle.current().info();
    info.startInstant().ifPresent(at -> text.add("process_start_time_seconds", seconds(at)));
    info.totalCpuDuration().ifPresent(used -> text.add("process_cpu_seconds_total", seconds(used)));
    text.family("jvm_memory_used_bytes", "gauge", "Bytes of the heap that are in use.")
        .add(
            "jvm_memory_used_bytes",
            Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory(),
            "area",
            "heap");
  }

  private static double seconds(Instant at) {
    return at.toEpochMilli() / 1e3;
  }

  private static double seconds(Duration time) {
    return time.toMillis() / 1e3;
  }
}
