package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** RoleBindings and ClusterRoleBindings: subjects may change, what they are bound to may not. */
final class RoleBindingStrategy extends GenericStrategy {
  private static final String GROUP = "rbac.authorization.k8s.io";

  private final List<String> roles;

  RoleBindingStrategy(boolean cluster) {
    super(!cluster, false, Map.of());
    this.roles = cluster ? List.of("ClusterRole") : List.of("ClusterRole", "Role");
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
  void applyDefaults(ObjectNode binding) {
    if (binding.get("roleRef") instanceof ObjectNode role) {
      setDefault(role, "apiGroup", GROUP);
    }
    for (ObjectNode subject : objects(binding, "subjects")) {
      String kind = subject.path("kind").asText("");
      if (kind.equals("User") || kind.equals("Group")) {
        setDefault(subject, "apiGroup", GROUP);
      }
    }
  }

  @Override
  void validate(ObjectNode binding, FieldErrors errors) {
    JsonNode role = binding.path("roleRef");
    String group = role.path("apiGroup").asText("");
    if (!group.equals(GROUP)) {
      errors.notSupported("roleRef.apiGroup", group, List.of(GROUP));
    }
    if (!roles.contains(role.path("kind").asText(""))) {
      errors.notSupported("roleRef.kind", role.path("kind").asText(""), roles);
    }
    String name = role.path("name").asText("");
    if (name.isEmpty()) {
      errors.required("roleRef.name", "");
    } else {
      errors.invalid("roleRef.name", name, Names.pathSegment(name));
    }
    for (int i = 0; i < binding.path("subjects").size(); i++) {
      subject(binding.path("subjects").get(i), "subjects[" + i + "]", errors);
    }
  }

  private static void subject(JsonNode subject, String path, FieldErrors errors) {
    String name = subject.path("name").asText("");
    if (name.isEmpty()) {
      errors.required(path + ".name", "");
    }
    String group = subject.path("apiGroup").asText("");
    String kind = subject.path("kind").asText("");
    switch (kind) {
      case "ServiceAccount" -> {
        if (!name.isEmpty()) {
          errors.invalid(path + ".name", name, Names.dns1123Subdomain(name));
        }
        if (!group.isEmpty()) {
          errors.notSupported(path + ".apiGroup", group, List.of(""));
        }
        if (subject.path("namespace").asText("").isEmpty()) {
          errors.required(path + ".namespace", "");
        }
      }
      case "User", "Group" -> {
        if (!group.equals(GROUP)) {
          errors.notSupported(path + ".apiGroup", group, List.of(GROUP));
        }
      }
      default ->
          errors.notSupported(path + ".kind", kind, List.of("Group", "ServiceAccount", "User"));
    }
  }

  @Override
  void validateUpdate(ObjectNode binding, ObjectNode old, String subresource, FieldErrors errors) {
    validate(binding, errors);
    if (!binding.path("roleRef").equals(old.path("roleRef"))) {
      errors.invalid("roleRef", binding.path("roleRef"), "cannot change roleRef");
    }
  }
}
