package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Adds up what pods ask of a node: CPU in thousandths, all else in whole units. */
public final class Requests {
  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);

  /** What a container that asks for no CPU is taken to use, in thousandths. */
  private static final long USUAL_CPU = 100;

  /** What a container that asks for no memory is taken to use. */
  private static final long USUAL_MEMORY = 200 * 1024 * 1024;

  /** CPU and memory that a pod is taken to use, asked for or not. */
  public record Usual(long cpu, long memory) {}

  private Requests() {}

  /**
   * Returns what a pod needs: its containers together, or more while it starts up, and its overhead
   * ("Resource sharing within containers", sidecars included).
   */
  static Map<String, Long> of(Pod pod) {
    var spec = pod.getSpec();
    var running = new TreeMap<String, Long>();
    for (var container : orEmpty(spec.getContainers())) {
      amounts(container).forEach((name, amount) -> running.merge(name, amount, Long::sum));
    }
    var starting = new TreeMap<String, Long>();
    var sidecars = new TreeMap<String, Long>();
    for (var container : orEmpty(spec.getInitContainers())) {
      var amounts = amounts(container);
      if ("Always".equals(container.getRestartPolicy())) {
        amounts.forEach((name, amount) -> sidecars.merge(name, amount, Long::sum));
        sidecars.forEach((name, amount) -> starting.merge(name, amount, Math::max));
      } else {
        amounts.forEach(
            (name, amount) ->
                starting.merge(name, amount + sidecars.getOrDefault(name, 0L), Math::max));
      }
    }
    sidecars.forEach((name, amount) -> running.merge(name, amount, Long::sum));
    starting.forEach((name, amount) -> running.merge(name, amount, Math::max));
    if (spec.getOverhead() != null) {
      amounts(spec.getOverhead()).forEach((name, amount) -> running.merge(name, amount, Long::sum));
    }
    return running;
  }

  /** Returns what a pod is taken to use, so that pods that ask for nothing spread too. */
  static Usual usual(Pod pod) {
    var spec = pod.getSpec();
    long cpu = 0;
    long memory = 0;
    for (var container : orEmpty(spec.getContainers())) {
      var amounts = amounts(container);
      cpu += amounts.getOrDefault("cpu", USUAL_CPU);
      memory += amounts.getOrDefault("memory", USUAL_MEMORY);
    }
    long sidecarCpu = 0;
    long sidecarMemory = 0;
    long startCpu = 0;
    long startMemory = 0;
    for (var container : orEmpty(spec.getInitContainers())) {
      var amounts = amounts(container);
      var cpuOfOne = amounts.getOrDefault("cpu", USUAL_CPU);
      var memoryOfOne = amounts.getOrDefault("memory", USUAL_MEMORY);
      startCpu = Math.max(startCpu, sidecarCpu + cpuOfOne);
      startMemory = Math.max(startMemory, sidecarMemory + memoryOfOne);
      if ("Always".equals(container.getRestartPolicy())) {
        sidecarCpu += cpuOfOne;
        sidecarMemory += memoryOfOne;
      }
    }
    var overhead = amounts(spec.getOverhead());
    return new Usual(
        Math.max(cpu + sidecarCpu, startCpu) + overhead.getOrDefault("cpu", 0L),
        Math.max(memory + sidecarMemory, startMemory) + overhead.getOrDefault("memory", 0L));
  }

  /** Returns the amounts of a resource list; those that are no quantities count as nothing. */
  static Map<String, Long> amounts(Map<String, Quantity> quantities) {
    var amounts = new TreeMap<String, Long>();
    if (quantities != null) {
      quantities.forEach((name, quantity) -> amounts.put(name, amount(name, quantity)));
    }
    return amounts;
  }

  private static Map<String, Long> amounts(Container container) {
    var resources = container.getResources();
    return amounts(resources == null ? null : resources.getRequests());
  }

  private static long amount(String name, Quantity quantity) {
    try {
      var value = quantity.getNumericalAmount();
      return (name.equals("cpu") ? value.multiply(THOUSAND) : value)
          .setScale(0, RoundingMode.CEILING)
          .min(BigDecimal.valueOf(Long.MAX_VALUE / 4096))
          .longValue();
    } catch (IllegalArgumentException | ArithmeticException e) {
      return 0;
    }
  }

  private static <T> List<T> orEmpty(List<T> list) {
    return list == null ? List.of() : list;
  }
}
