package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.hubspoke.kubelet.runtime.cri.v1.LinuxContainerResources;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Turns requests and limits into what the kernel is told, by the real kubelet's rules. */
final class LinuxResources {
  private static final long PERIOD_MICROS = 100_000;
  private static final long MIN_QUOTA_MICROS = 1000;
  private static final long MIN_SHARES = 2;
  private static final long MAX_SHARES = 262_144;

  /** Of pods that get all they may use. */
  private static final long GUARANTEED_OOM_SCORE = -997;

  private static final long BEST_EFFORT_OOM_SCORE = 1000;

  private final long memoryCapacity;

  /**
   * Makes the rules of a machine.
   *
   * @param memoryCapacity in bytes; the share of it that a container asks for protects it
   */
  LinuxResources(long memoryCapacity) {
    this.memoryCapacity = memoryCapacity;
  }

  LinuxContainerResources of(Pod pod, Container container) {
    long cpuRequest = millis(request(container, "cpu"));
    long cpuLimit = millis(limits(container).get("cpu"));
    var resources =
        LinuxContainerResources.newBuilder()
            .setCpuShares(shares(cpuRequest))
            .setMemoryLimitInBytes(bytes(limits(container).get("memory")))
            .setOomScoreAdj(oomScore(pod, container));
    if (cpuLimit > 0) {
      resources
          .setCpuPeriod(PERIOD_MICROS)
          .setCpuQuota(Math.max(MIN_QUOTA_MICROS, cpuLimit * PERIOD_MICROS / 1000));
    }
    return resources.build();
  }

  private static long shares(long cpuMillis) {
    return Math.clamp(cpuMillis * 1024 / 1000, MIN_SHARES, MAX_SHARES);
  }

  private long oomScore(Pod pod, Container container) {
    List<Container> all =
        Stream.concat(
                pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
            .toList();
    if (all.stream().allMatch(LinuxResources::guaranteed)) {
      return GUARANTEED_OOM_SCORE;
    }
    if (all.stream().allMatch(LinuxResources::bestEffort)) {
      return BEST_EFFORT_OOM_SCORE;
    }
    long requested = bytes(request(container, "memory"));
    long score =
        1000 - (long) (1000.0 * Math.min(requested, memoryCapacity) / Math.max(1, memoryCapacity));
    // Between those that are guaranteed theirs and those that ask for nothing.
    return Math.clamp(score, 1000 + GUARANTEED_OOM_SCORE, BEST_EFFORT_OOM_SCORE - 1);
  }

  private static boolean guaranteed(Container container) {
    return Stream.of("cpu", "memory")
        .allMatch(
            name -> {
              BigDecimal limit = amount(limits(container).get(name));
              return limit.signum() > 0 && limit.compareTo(amount(request(container, name))) == 0;
            });
  }

  private static boolean bestEffort(Container container) {
    return Stream.of("cpu", "memory")
        .allMatch(
            name ->
                amount(request(container, name)).signum() == 0
                    && amount(limits(container).get(name)).signum() == 0);
  }

  /** Returns what is asked for: what it may use at most, where nothing else is said. */
  private static Quantity request(Container container, String name) {
    ResourceRequirements resources = container.getResources();
    Map<String, Quantity> requests = resources == null ? null : resources.getRequests();
    Quantity request = requests == null ? null : requests.get(name);
    return request == null ? limits(container).get(name) : request;
  }

  private static Map<String, Quantity> limits(Container container) {
    ResourceRequirements resources = container.getResources();
    return resources == null || resources.getLimits() == null ? Map.of() : resources.getLimits();
  }

  private static long millis(Quantity quantity) {
    return amount(quantity).movePointRight(3).longValue();
  }

  private static long bytes(Quantity quantity) {
    return amount(quantity).longValue();
  }

  private static BigDecimal amount(Quantity quantity) {
    return quantity == null ? BigDecimal.ZERO : quantity.getNumericalAmount();
  }
}
