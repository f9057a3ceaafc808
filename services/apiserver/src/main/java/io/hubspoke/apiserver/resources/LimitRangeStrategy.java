package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * LimitRanges: what one pod, container or claim may ask for. Stored and validated; nothing of ours
 * enforces them on pods.
 */
final class LimitRangeStrategy extends GenericStrategy {
  LimitRangeStrategy() {
    super(true, false, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode range) {
    for (ObjectNode item : objects(object(range, "spec"), "limits")) {
      if (item.path("type").asText().equals("Container")) {
        fill(item, "default", "max");
        fill(item, "defaultRequest", "default");
        fill(item, "defaultRequest", "min");
      }
    }
  }

  private static void fill(ObjectNode item, String field, String from) {
    if (item.path(from).isEmpty()) {
      return;
    }
    ObjectNode filled = object(item, field);
    item.path(from).properties().forEach(e -> filled.putIfAbsent(e.getKey(), e.getValue()));
  }

  @Override
  void validate(ObjectNode range, FieldErrors errors) {
    Set<String> types = new HashSet<>();
    JsonNode limits = range.path("spec").path("limits");
    for (int i = 0; i < limits.size(); i++) {
      JsonNode item = limits.get(i);
      String path = "spec.limits[" + i + "]";
      String type = item.path("type").asText("");
      if (type.isEmpty()) {
        errors.required(path + ".type", "");
      } else if (!types.add(type)) {
        errors.duplicate(path + ".type", type);
      }
      item(item, type, path, errors);
    }
  }

  private static void item(JsonNode item, String type, String path, FieldErrors errors) {
    for (String list : List.of("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")) {
      Quantities.validate(item.path(list), path + "." + list, errors);
    }
    if (type.equals("Pod")) {
      for (String list : List.of("default", "defaultRequest")) {
        if (!item.path(list).isEmpty()) {
          errors.forbidden(path + "." + list, "may not be specified when `type` is 'Pod'");
        }
      }
    }
    if (type.equals("PersistentVolumeClaim")
        && !item.path("max").has("storage")
        && !item.path("min").has("storage")) {
      errors.required(
          path, "either minimum or maximum storage value is required, but neither was provided");
    }
    Set<String> names = new HashSet<>();
    for (String list : List.of("max", "min", "default", "defaultRequest")) {
      item.path(list).properties().forEach(e -> names.add(e.getKey()));
    }
    for (String name : names.stream().sorted().toList()) {
      notAbove(item, "min", "max", "min", "max", name, path, errors);
      notAbove(item, "defaultRequest", "max", "default request", "max", name, path, errors);
      notAbove(item, "min", "defaultRequest", "min", "default request", name, path, errors);
      notAbove(item, "default", "max", "default", "max", name, path, errors);
      notAbove(item, "min", "default", "min", "default", name, path, errors);
      notAbove(
          item,
          "defaultRequest",
          "default",
          "default request",
          "default limit",
          name,
          path,
          errors);
    }
  }

  private static void notAbove(
      JsonNode item,
      String low,
      String high,
      String lowName,
      String highName,
      String resource,
      String path,
      FieldErrors errors) {
    JsonNode small = item.path(low).path(resource);
    JsonNode large = item.path(high).path(resource);
    Optional<BigDecimal> least = Quantities.amount(small);
    Optional<BigDecimal> most = Quantities.amount(large);
    if (least.isPresent() && most.isPresent() && least.get().compareTo(most.get()) > 0) {
      errors.invalid(
          path + "." + low + "[" + resource + "]",
          small,
          lowName
              + " value "
              + small.asText()
              + " is greater than "
              + highName
              + " value "
              + large.asText());
    }
  }
}
