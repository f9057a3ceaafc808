package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import java.util.List;
import java.util.Map;

/** PriorityClasses: names for numbers, which stay what they are. */
final class PriorityClassStrategy extends GenerationStrategy {
  static final String SYSTEM_PREFIX = "system-";
  private static final int HIGHEST_OF_USERS = 1_000_000_000;
  private static final List<String> POLICIES = List.of("Never", "PreemptLowerPriority");

  /** The classes that every cluster has, and how high they are. */
  private static final Map<String, Integer> SYSTEM =
      Map.of("system-cluster-critical", 2_000_000_000, "system-node-critical", 2_000_001_000);

  PriorityClassStrategy() {
    super(false, false, Map.of());
  }

  /** Returns the classes that every cluster has. */
  static List<ObjectNode> systemClasses() {
    return SYSTEM.entrySet().stream()
        .map(
            e -> {
              ObjectNode made =
                  Json.object()
                      .put("apiVersion", "scheduling.k8s.io/v1")
                      .put("kind", "PriorityClass");
              made.putObject("metadata").put("name", e.getKey());
              boolean node = e.getKey().equals("system-node-critical");
              return made.put("value", e.getValue())
                  .put(
                      "description",
                      node
                          ? "For pods without which a node does not work."
                          : "For pods without which the cluster does not work.");
            })
        .toList();
  }

  @Override
  void applyDefaults(ObjectNode priorityClass) {
    setDefault(priorityClass, "value", 0);
    setDefault(priorityClass, "preemptionPolicy", "PreemptLowerPriority");
  }

  @Override
  void validate(ObjectNode priorityClass, FieldErrors errors) {
    String name = Meta.name(priorityClass);
    int value = priorityClass.path("value").asInt();
    if (name.startsWith(SYSTEM_PREFIX)) {
      system(priorityClass, name, value, errors);
    } else if (value > HIGHEST_OF_USERS) {
      errors.forbidden(
          "value", "maximum allowed value of a user defined priority is " + HIGHEST_OF_USERS);
    }
    String policy = priorityClass.path("preemptionPolicy").asText("");
    if (!POLICIES.contains(policy)) {
      errors.notSupported("preemptionPolicy", policy, POLICIES);
    }
  }

  private static void system(ObjectNode priorityClass, String name, int value, FieldErrors errors) {
    Integer known = SYSTEM.get(name);
    String why = "";
    if (known == null) {
      why = name + " is not a known system priority class";
    } else if (known != value) {
      why = "value of " + name + " PriorityClass must be " + known;
    } else if (priorityClass.path("globalDefault").asBoolean()) {
      why = "globalDefault of " + name + " PriorityClass must be false";
    }
    if (!why.isEmpty()) {
      errors.forbidden(
          "metadata.name",
          "priority class names with '"
              + SYSTEM_PREFIX
              + "' prefix are reserved for system use only. error: "
              + why);
    }
  }

  @Override
  void validateUpdate(
      ObjectNode priorityClass, ObjectNode old, String subresource, FieldErrors errors) {
    if (priorityClass.path("value").asInt() != old.path("value").asInt()) {
      errors.forbidden("value", "may not be changed in an update.");
    }
    errors.immutable(
        "preemptionPolicy", priorityClass.path("preemptionPolicy"), old.path("preemptionPolicy"));
  }
}
