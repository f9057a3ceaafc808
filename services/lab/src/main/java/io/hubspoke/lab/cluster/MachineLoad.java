package io.hubspoke.lab.cluster;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** How much of this machine is free. */
final class MachineLoad {
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  private final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** Returns which part of the processors is busy; nothing is known at first. */
  double busy() {
    var load = system.getCpuLoad();
    return Double.isNaN(load) || load < 0 ? 0 : load;
  }

  int processors() {
    return system.getAvailableProcessors();
  }

  /** Returns what processes may still have, caches that can go included. */
  long freeMegabytes() {
    try {
      var found = AVAILABLE.matcher(Files.readString(MEMORY));
      if (found.find()) {
        return Long.parseLong(found.group(1)) / 1024;
      }
    } catch (IOException notLinux) {
      // The JVM knows less of it.
    }
    return system.getFreeMemorySize() >> 20;
  }
}
