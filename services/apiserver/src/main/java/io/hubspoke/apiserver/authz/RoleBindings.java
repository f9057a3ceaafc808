package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Knows the rules of every role and the bindings of every subject, kept current one change at a
 * time. Whoever remembers something of it compares the {@link #generation}.
 */
final class RoleBindings {
  private static final String SERVICE_ACCOUNT = "system:serviceaccount:";

  private final Map<String, List<PolicyRule>> rules = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Bound>> bySubject = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> subjectsOf = new ConcurrentHashMap<>();
  private final AtomicLong generation = new AtomicLong();

  /**
   * A subject in a binding.
   *
   * @param namespace where the binding counts; empty for everywhere
   * @param role the key of the role
   * @param source how a decision's reason names binding, role and subject
   */
  private record Bound(String namespace, String role, String source) {}

  /**
   * What a binding gives somebody.
   *
   * @param namespace where; empty for everywhere
   */
  record Grant(String namespace, String source, List<PolicyRule> rules) {
    boolean appliesIn(String asked) {
      return namespace.isEmpty() || namespace.equals(asked);
    }
  }

  RoleBindings(Lister lister, RbacAuthorizer.Types types) {
    lister.follow(types.clusterRoles(), this::role);
    lister.follow(types.roles(), this::role);
    lister.follow(types.clusterRoleBindings(), this::binding);
    lister.follow(types.roleBindings(), this::binding);
  }

  /** Returns a number that grows with every change, after the change is in effect here. */
  long generation() {
    return generation.get();
  }

  /** Returns what a user is given, by itself and by its groups; cluster-wide bindings first. */
  List<Grant> grantsOf(User user) {
    List<Grant> grants = new ArrayList<>();
    add(grants, "U:" + user.name());
    for (String group : user.groups()) {
      add(grants, "G:" + group);
    }
    grants.sort(Comparator.comparing(Grant::namespace).thenComparing(Grant::source));
    return grants;
  }

  private void add(List<Grant> grants, String subject) {
    for (Bound bound : bySubject.getOrDefault(subject, Map.of()).values()) {
      List<PolicyRule> granted = rules.getOrDefault(bound.role, List.of());
      // A binding to a role that doesn't exist grants nothing, until the role appears.
      if (!granted.isEmpty()) {
        grants.add(new Grant(bound.namespace, bound.source, granted));
      }
    }
  }

  private void role(String namespace, String name, ObjectNode role) {
    if (role == null) {
      rules.remove(key(namespace, name));
    } else {
      rules.put(key(namespace, name), List.copyOf(PolicyRule.listOf(role)));
    }
    generation.incrementAndGet();
  }

  private void binding(String namespace, String name, ObjectNode binding) {
    String key = key(namespace, name);
    Map<String, Bound> now = binding == null ? Map.of() : bound(namespace, name, binding);
    // Nobody loses for a moment what he keeps.
    now.forEach(
        (subject, bound) ->
            bySubject.compute(
                subject,
                (s, all) -> {
                  Map<String, Bound> some = all == null ? new ConcurrentHashMap<>() : all;
                  some.put(key, bound);
                  return some;
                }));
    Set<String> before = subjectsOf.getOrDefault(key, Set.of());
    before.stream().filter(s -> !now.containsKey(s)).forEach(s -> unbind(s, key));
    if (now.isEmpty()) {
      subjectsOf.remove(key);
    } else {
      subjectsOf.put(key, Set.copyOf(now.keySet()));
    }
    generation.incrementAndGet();
  }

  private void unbind(String subject, String key) {
    bySubject.computeIfPresent(
        subject,
        (s, bound) -> {
          bound.remove(key);
          return bound.isEmpty() ? null : bound;
        });
  }

  private static Map<String, Bound> bound(String namespace, String name, ObjectNode binding) {
    JsonNode ref = binding.path("roleRef");
    String role = roleKey(ref, namespace);
    Map<String, Bound> bound = new HashMap<>();
    if (role != null) {
      for (JsonNode subject : binding.path("subjects")) {
        String who = subjectKey(subject, namespace);
        if (who != null) {
          bound.put(who, new Bound(namespace, role, source(namespace, name, ref, subject)));
        }
      }
    }
    return bound;
  }

  private static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  private static String roleKey(JsonNode ref, String namespace) {
    String name = ref.path("name").asText();
    return switch (ref.path("kind").asText()) {
      case "ClusterRole" -> key("", name);
      case "Role" -> namespace.isEmpty() ? null : key(namespace, name);
      default -> null;
    };
  }

  private static String subjectKey(JsonNode subject, String bindingNamespace) {
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

  private static String source(String namespace, String name, JsonNode ref, JsonNode subject) {
    String where = namespace.isEmpty() ? name : name + "/" + namespace;
    String account = subject.path("namespace").asText("");
    String who = subject.path("name").asText();
    return "%s \"%s\" of %s \"%s\" to %s \"%s\""
        .formatted(
            namespace.isEmpty() ? "ClusterRoleBinding" : "RoleBinding",
            where,
            ref.path("kind").asText(),
            ref.path("name").asText(),
            subject.path("kind").asText(),
            account.isEmpty() ? who : who + "/" + account);
  }
}
