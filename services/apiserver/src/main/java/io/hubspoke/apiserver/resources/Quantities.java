package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.math.BigDecimal;
import java.util.Optional;

/** Validates lists of resources. */
final class Quantities {
  private Quantities() {}

  /** Validates a {@code ResourceList}: names are qualified, amounts not negative. */
  static void validate(JsonNode list, String path, FieldErrors errors) {
    for (var entry : list.properties()) {
      String at = path + "[" + entry.getKey() + "]";
      errors.invalid(at, entry.getKey(), Names.qualifiedName(entry.getKey()));
      if (amount(entry.getValue()).filter(a -> a.signum() < 0).isPresent()) {
        errors.invalid(at, entry.getValue(), "must be greater than or equal to 0");
      }
    }
  }

  static Optional<BigDecimal> amount(JsonNode value) {
    return value.isMissingNode() ? Optional.empty() : Quantity.parse(value.asText());
  }
}
