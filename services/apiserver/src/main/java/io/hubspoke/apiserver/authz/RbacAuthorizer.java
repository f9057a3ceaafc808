package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides by roles and role bindings. The bindings of a subject are found by its name in an index,
 * which is made anew after any role or binding has changed.
 */
public final class RbacAuthorizer implements Authorizer {
  private static final String SERVICE_ACCOUNT = "system:serviceaccount:";

  /** The four types of rbac.authorization.k8s.io/v1. */
  public record Types(
      ResourceType roles,
      ResourceType roleBindings,
      ResourceType clusterRoles,
      ResourceType clusterRoleBindings) {}

  /**
   * What a binding gives its subjects.
   *
   * @param namespace where; empty for everywhere
   */
  private record Grant(String namespace, String source, List<PolicyRule> rules) {
    boolean appliesIn(String asked) {
      return namespace.isEmpty() || namespace.equals(asked);
    }
  }

  /** Grants by subject: {@code U:<user>} or {@code G:<group>}. */
  private record Index(Versions versions, Map<String, List<Grant>> grants) {}

  private record Versions(long roles, long roleBindings, long clusterRoles, long clusterBindings) {}

  private final Lister lister;
  private final Types types;
  private volatile Index index;

  public RbacAuthorizer(Lister lister, Types types) {
    this.lister = lister;
    this.types = types;
  }

  @Override
  public Decision authorize(Attributes asked) {
    Index now = index();
    String namespace = asked.resourceRequest() ? asked.namespace() : "";
    for (Grant grant : grantsOf(now, asked.user())) {
      if (!grant.appliesIn(namespace)) {
        continue;
      }
      for (PolicyRule rule : grant.rules) {
        if (rule.allows(asked)) {
          return new Decision.Allow("RBAC: allowed by " + grant.source);
        }
      }
    }
    return Decision.noOpinion();
  }

  @Override
  public Rules rulesFor(User user, String namespace) {
    List<PolicyRule> rules = new ArrayList<>();
    for (Grant grant : grantsOf(index(), user)) {
      if (grant.appliesIn(namespace)) {
        rules.addAll(grant.rules);
      }
    }
    return new Rules(rules, "");
  }

  private static List<Grant> grantsOf(Index index, User user) {
    List<Grant> grants = new ArrayList<>(index.grants.getOrDefault("U:" + user.name(), List.of()));
    for (String group : user.groups()) {
      grants.addAll(index.grants.getOrDefault("G:" + group, List.of()));
    }
    return grants;
  }

  private Index index() {
    // Versions are read first: a change while the index is made leads to another one.
    Versions versions =
        new Versions(
            lister.version(types.roles),
            lister.version(types.roleBindings),
            lister.version(types.clusterRoles),
            lister.version(types.clusterRoleBindings));
    Index now = index;
    if (now == null || !now.versions.equals(versions)) {
      now = build(versions);
      index = now;
    }
    return now;
  }

  private Index build(Versions versions) {
    Map<String, List<PolicyRule>> rules = new HashMap<>();
    Map<String, List<Grant>> grants = new HashMap<>();
    for (ObjectNode binding : lister.list(types.clusterRoleBindings, "")) {
      add(grants, rules, binding, "");
    }
    for (ObjectNode binding : lister.list(types.roleBindings, "")) {
      add(grants, rules, binding, Meta.namespace(binding));
    }
    return new Index(versions, grants);
  }

  private void add(
      Map<String, List<Grant>> grants,
      Map<String, List<PolicyRule>> rules,
      ObjectNode binding,
      String namespace) {
    JsonNode ref = binding.path("roleRef");
    List<PolicyRule> granted = rulesOf(rules, ref, namespace);
    if (granted.isEmpty()) {
      // A binding to a role that doesn't exist grants nothing, until the role appears.
      return;
    }
    Grant grant = new Grant(namespace, describe(binding, ref, namespace), granted);
    for (JsonNode subject : binding.path("subjects")) {
      String key = key(subject, namespace);
      if (key != null) {
        grants.computeIfAbsent(key, k -> new ArrayList<>()).add(grant);
      }
    }
  }

  private List<PolicyRule> rulesOf(
      Map<String, List<PolicyRule>> known, JsonNode ref, String namespace) {
    String name = ref.path("name").asText();
    return switch (ref.path("kind").asText()) {
      case "ClusterRole" ->
          known.computeIfAbsent("/" + name, k -> read(types.clusterRoles, "", name));
      case "Role" ->
          namespace.isEmpty()
              ? List.of()
              : known.computeIfAbsent(
                  namespace + "/" + name, k -> read(types.roles, namespace, name));
      default -> List.of();
    };
  }

  private List<PolicyRule> read(ResourceType type, String namespace, String name) {
    ObjectNode role = lister.get(type, namespace, name);
    return role == null ? List.of() : PolicyRule.listOf(role);
  }

  private static String key(JsonNode subject, String bindingNamespace) {
    String name = subject.path("name").asText();
    return switch (subject.path("kind").asText()) {
      case "User" -> "U:" + name;
      case "Group" -> "G:" + name;
      case "ServiceAccount" -> {
        String named = subject.path("namespace").asText("");
        String namespace = named.isEmpty() ? bindingNamespace : named;
        yield namespace.isEmpty() ? null : "U:" + SERVICE_ACCOUNT + namespace + ":" + name;
      }
      default -> null;
    };
  }

  private static String describe(ObjectNode binding, JsonNode ref, String namespace) {
    String kind = namespace.isEmpty() ? "ClusterRoleBinding" : "RoleBinding";
    String where = namespace.isEmpty() ? Meta.name(binding) : Meta.name(binding) + "/" + namespace;
    return "%s \"%s\" of %s \"%s\""
        .formatted(kind, where, ref.path("kind").asText(), ref.path("name").asText());
  }
}
