package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * ServiceCIDRs: ranges of service addresses. Stored; addresses come from {@code
 * --service-cluster-ip-range} alone.
 */
final class ServiceCidrStrategy extends GenericStrategy {
  ServiceCidrStrategy() {
    super(false, true, Map.of());
  }

  @Override
  void validate(ObjectNode object, FieldErrors errors) {
    JsonNode ranges = object.path("spec").path("cidrs");
    if (ranges.isEmpty()) {
      errors.required("spec.cidrs", "at least one CIDR required");
    } else if (ranges.size() > 2) {
      errors.invalid("spec.cidrs", ranges, "may only hold up to 2 values");
    }
    for (int i = 0; i < ranges.size(); i++) {
      if (!IpAddresses.isRange(ranges.get(i).asText(""))) {
        errors.invalid(
            "spec.cidrs[" + i + "]",
            ranges.get(i),
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode object, ObjectNode old, String subresource, FieldErrors errors) {
    errors.immutable(
        "spec.cidrs", object.path("spec").path("cidrs"), old.path("spec").path("cidrs"));
  }
}
