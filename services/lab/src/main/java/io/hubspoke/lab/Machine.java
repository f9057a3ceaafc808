package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import io.hubspoke.api.Json;
import java.lang.management.ManagementFactory;

/** What a measurement ran on. */
record Machine(int processors, long memoryMegabytes, String java, String system) {
  static Machine here() {
    var memory =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize() >> 20
            : 0;
    return new Machine(
        Runtime.getRuntime().availableProcessors(),
        memory,
        Runtime.version().toString(),
        System.getProperty("os.name") + " " + System.getProperty("os.arch"));
  }

  ObjectNode json() {
    return Json.object()
        .put("processors", processors)
        .put("memoryMegabytes", memoryMegabytes)
        .put("java", java)
        .put("system", system);
  }

  @Override
  public String toString() {
    return "%d processors, %d MB of memory, %s, Java %s"
        .formatted(processors, memoryMegabytes, system, java);
  }
}
