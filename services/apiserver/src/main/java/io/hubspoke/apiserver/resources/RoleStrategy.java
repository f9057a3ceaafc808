package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Roles and ClusterRoles: rules about resources and, for the latter, paths. */
final class RoleStrategy extends GenericStrategy {
  private final boolean cluster;

  RoleStrategy(boolean cluster) {
    super(!cluster, false, Map.of());
    this.cluster = cluster;
  }

  @Override
  public List<String> validateName(String name, boolean prefix) {
    return prefix ? Names.pathSegmentPrefix(name) : Names.pathSegment(name);
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void validate(ObjectNode role, FieldErrors errors) {
    JsonNode rules = role.path("rules");
    for (int i = 0; i < rules.size(); i++) {
      rule(rules.get(i), "rules[" + i + "]", errors);
    }
  }

  private void rule(JsonNode rule, String path, FieldErrors errors) {
    if (rule.path("verbs").isEmpty()) {
      errors.required(path + ".verbs", "verbs must contain at least one value");
    }
    if (!rule.path("nonResourceURLs").isEmpty()) {
      if (!cluster) {
        errors.invalid(
            path + ".nonResourceURLs",
            rule.path("nonResourceURLs"),
            "namespaced rules cannot apply to non-resource URLs");
      }
      if (!rule.path("apiGroups").isEmpty()
          || !rule.path("resources").isEmpty()
          || !rule.path("resourceNames").isEmpty()) {
        errors.invalid(
            path + ".nonResourceURLs",
            rule.path("nonResourceURLs"),
            "rules cannot apply to both regular resources and non-resource URLs");
      }
      return;
    }
    if (rule.path("apiGroups").isEmpty()) {
      errors.required(path + ".apiGroups", "resource rules must supply at least one api group");
    }
    if (rule.path("resources").isEmpty()) {
      errors.required(path + ".resources", "resource rules must supply at least one resource");
    }
  }
}
