package io.hubspoke.apiserver.authz;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.authz.RoleBindings.Grant;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides by roles and role bindings. What a user has is put together once and remembered until a
 * role or a binding changes, which the next decision sees.
 */
public final class RbacAuthorizer implements Authorizer {
  /** Most users that are remembered at a time; asking about others must not take all memory. */
  private static final int MOST_USERS = 16_384;

  /** Most kinds of requests that are remembered, of all users together. */
  private static final int MOST_KINDS = 65_536;

  /** Longer names than honest users have are not remembered, groups included. */
  private static final int LONGEST_SUBJECT = 2_048;

  /** The four types of rbac.authorization.k8s.io/v1. */
  public record Types(
      ResourceType roles,
      ResourceType roleBindings,
      ResourceType clusterRoles,
      ResourceType clusterRoleBindings) {}

  private record Subject(String name, List<String> groups) {
    int length() {
      int length = name.length();
      for (String group : groups) {
        length += group.length();
      }
      return length;
    }
  }

  private record Known(long generation, UserRules rules) {}

  private final RoleBindings bindings;
  private final Map<Subject, Known> users = new ConcurrentHashMap<>();
  private final AtomicInteger kinds = new AtomicInteger();

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
    boolean full = kinds.get() >= MOST_KINDS;
    if (known == null || known.generation != generation || full) {
      known = new Known(generation, new UserRules(bindings.grantsOf(user), kinds));
      if (subject.length() > LONGEST_SUBJECT) {
        return known.rules;
      }
      if (full || users.size() >= MOST_USERS) {
        users.clear();
        kinds.set(0);
      }
      users.put(subject, known);
    }
    return known.rules;
  }
}
