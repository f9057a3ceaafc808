package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Leases: what kubelets and leaders renew. */
final class LeaseStrategy extends GenericStrategy {
  LeaseStrategy() {
    super(true, false, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  /** Who renews a lease that another holder took meanwhile must not win. */
  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void validate(ObjectNode lease, FieldErrors errors) {
    JsonNode spec = lease.path("spec");
    if (spec.has("leaseDurationSeconds") && spec.get("leaseDurationSeconds").asLong() <= 0) {
      errors.invalid(
          "spec.leaseDurationSeconds", spec.get("leaseDurationSeconds"), "must be greater than 0");
    }
    if (spec.path("leaseTransitions").asLong() < 0) {
      errors.invalid(
          "spec.leaseTransitions",
          spec.get("leaseTransitions"),
          "must be greater than or equal to 0");
    }
  }
}
