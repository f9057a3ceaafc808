package io.hubspoke.apiserver.authz;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.authz.RoleBindings.Grant;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Decides by roles and role bindings. What a user has is put together once and remembered until a
 * role or a binding changes, which the next decision sees.
 */
public final class RbacAuthorizer implements Authorizer {
  /** Most users that are remembered at a time; asking about others must not take all memory. */
  private static final int MOST_USERS = 16_384;

  /** The four types of rbac.authorization.k8s.io/v1. */
  public record Types(
      ResourceType roles,
      ResourceType roleBindings,
      ResourceType clusterRoles,
      ResourceType clusterRoleBindings) {}

  private record Subject(String name, List<String> groups) {}

  private record Known(long generation, UserRules rules) {}

  private final RoleBindings bindings;
  private final Map<Subject, Known> users = new ConcurrentHashMap<>();

  public RbacAuthorizer(Lister lister, Types types) {
    this.bindings = new RoleBindings(lister, types);
  }

  @Override
  public Decision authorize(Attributes asked) {
    return rulesOf(asked.user()).decide(asked);
  }

  @Override
  public Rules rulesFor(User user, String namespace) {
    List<PolicyRule> rules = new ArrayList<>();
    for (Grant grant : rulesOf(user).grants()) {
      if (grant.appliesIn(namespace)) {
        rules.addAll(grant.rules());
      }
    }
    return new Rules(rules, "");
  }

  private UserRules rulesOf(User user) {
    // Read first: a change while the rules are put together leads to other ones.
    long generation = bindings.generation();
    Subject subject = new Subject(user.name(), user.groups());
    Known known = users.get(subject);
    if (known == null || known.generation != generation) {
      known = new Known(generation, new UserRules(bindings.grantsOf(user)));
      if (users.size() >= MOST_USERS) {
        users.clear();
      }
      users.put(subject, known);
    }
    return known.rules;
  }
}
