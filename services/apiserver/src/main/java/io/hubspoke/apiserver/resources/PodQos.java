package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/** Decides a pod's quality of service class (Kubernetes, "Pod Quality of Service Classes"). */
final class PodQos {
  private static final List<String> COMPUTE = List.of("cpu", "memory");

  private PodQos() {}

  static String of(JsonNode spec) {
    boolean any = false;
    boolean guaranteed = true;
    for (String list : List.of("containers", "initContainers")) {
      for (JsonNode container : spec.path(list)) {
        JsonNode resources = container.path("resources");
        for (String name : COMPUTE) {
          Optional<BigDecimal> limit = positive(resources.path("limits").path(name));
          Optional<BigDecimal> request = positive(resources.path("requests").path(name));
          any |= limit.isPresent() || request.isPresent();
          guaranteed &=
              limit.isPresent() && request.isPresent() && limit.get().compareTo(request.get()) == 0;
        }
      }
    }
    if (!any) {
      return "BestEffort";
    }
    return guaranteed ? "Guaranteed" : "Burstable";
  }

  private static Optional<BigDecimal> positive(JsonNode quantity) {
    return Quantity.parse(quantity.asText("")).filter(v -> v.signum() > 0);
  }
}
