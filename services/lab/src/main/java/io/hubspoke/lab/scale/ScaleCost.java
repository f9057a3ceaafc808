package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What a run cost, to be seen beside others.
 *
 * @param megabytes the most that all processes together had resident while it was held
 * @param joinCpuSeconds processor time until all was ready
 * @param holdCpus processors kept busy while it was held
 */
public record ScaleCost(
    int nodes,
    int pods,
    double readySeconds,
    long megabytes,
    double joinCpuSeconds,
    double holdCpus) {
  /**
   * Reads one of the runs that {@code --json} wrote.
   *
   * @throws IllegalArgumentException when it is none
   */
  public static ScaleCost of(JsonNode run) {
    if (run.path("nodes").asInt() < 1 || !run.path("readySeconds").isNumber()) {
      throw new IllegalArgumentException("holds a run without nodes or readySeconds");
    }
    return new ScaleCost(
        run.path("nodes").asInt(),
        run.path("pods").asInt(),
        run.path("readySeconds").asDouble(),
        run.path("holdMegabytes").asLong(),
        run.path("joinCpuSeconds").asDouble(),
        run.path("holdCpus").asDouble());
  }
}
