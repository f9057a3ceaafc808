package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** IPAddresses: named by the address that they stand for, and whose it is. */
final class IpAddressStrategy extends GenericStrategy {
  IpAddressStrategy() {
    super(false, false, Map.of("spec.parentRef.name", at("spec", "parentRef", "name")));
  }

  @Override
  public List<String> validateName(String name, boolean prefix) {
    return IpAddresses.isAddress(name)
        ? List.of()
        : List.of("must be a valid IP address in canonical form");
  }

  @Override
  void validate(ObjectNode address, FieldErrors errors) {
    JsonNode parent = address.path("spec").path("parentRef");
    if (!parent.isObject()) {
      errors.required("spec.parentRef", "");
      return;
    }
    for (String field : List.of("resource", "name")) {
      if (parent.path(field).asText("").isEmpty()) {
        errors.required("spec.parentRef." + field, "");
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode address, ObjectNode old, String subresource, FieldErrors errors) {
    validate(address, errors);
    errors.immutable(
        "spec.parentRef",
        address.path("spec").path("parentRef"),
        old.path("spec").path("parentRef"));
  }
}
