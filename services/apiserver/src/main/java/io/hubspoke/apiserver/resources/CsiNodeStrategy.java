package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** CSINodes: which storage drivers run on a node. */
final class CsiNodeStrategy extends GenericStrategy {
  private static final int LONGEST_ID = 192;

  CsiNodeStrategy() {
    super(false, false, Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void applyDefaults(ObjectNode node) {
    ObjectNode spec = object(node, "spec");
    if (!spec.has("drivers")) {
      spec.putArray("drivers");
    }
  }

  @Override
  void validate(ObjectNode node, FieldErrors errors) {
    Set<String> names = new HashSet<>();
    JsonNode drivers = node.path("spec").path("drivers");
    for (int i = 0; i < drivers.size(); i++) {
      JsonNode driver = drivers.get(i);
      String path = "spec.drivers[" + i + "]";
      String name = driver.path("name").asText("");
      CsiNames.validate(name, path + ".name", errors);
      String id = driver.path("nodeID").asText("");
      if (id.isEmpty()) {
        errors.required(path + ".nodeID", "");
      } else if (id.length() > LONGEST_ID) {
        errors.tooLong(path + ".nodeID", LONGEST_ID);
      }
      if (!names.add(name)) {
        errors.duplicate(path + ".name", name);
      }
      JsonNode count = driver.path("allocatable").path("count");
      if (count.asInt() < 0) {
        errors.invalid(path + ".allocatable.count", count, "must be greater than or equal to 0");
      }
      keys(driver.path("topologyKeys"), path + ".topologyKeys", errors);
    }
  }

  private static void keys(JsonNode keys, String path, FieldErrors errors) {
    for (int i = 0; i < keys.size(); i++) {
      String key = keys.get(i).asText("");
      errors.invalid(path, key, Names.qualifiedName(key));
    }
  }

  @Override
  void validateUpdate(ObjectNode node, ObjectNode old, String subresource, FieldErrors errors) {
    validate(node, errors);
    Map<String, JsonNode> before = new HashMap<>();
    old.path("spec").path("drivers").forEach(d -> before.put(d.path("name").asText(""), d));
    JsonNode drivers = node.path("spec").path("drivers");
    for (JsonNode driver : drivers) {
      JsonNode was = before.get(driver.path("name").asText(""));
      if (was != null && !unchanged(driver, was)) {
        errors.invalid("spec.drivers", driver, "field is immutable");
      }
    }
  }

  private static boolean unchanged(JsonNode driver, JsonNode was) {
    return driver.path("nodeID").equals(was.path("nodeID"))
        && driver.path("topologyKeys").equals(was.path("topologyKeys"));
  }
}
