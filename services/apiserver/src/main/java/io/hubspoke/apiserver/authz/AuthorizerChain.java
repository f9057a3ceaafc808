package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.http.User;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks authorizers in order; the first that allows or denies decides. Members of {@code
 * system:masters} may do everything, as the real apiserver's privileged-group authorizer has it.
 */
public final class AuthorizerChain implements Authorizer {
  private static final String MASTERS = "system:masters";

  private final List<Authorizer> authorizers;

  public AuthorizerChain(List<Authorizer> authorizers) {
    this.authorizers = List.copyOf(authorizers);
  }

  @Override
  public Decision authorize(Attributes asked) {
    if (asked.user().inGroup(MASTERS)) {
      return new Decision.Allow("");
    }
    List<String> reasons = new ArrayList<>(2);
    for (Authorizer authorizer : authorizers) {
      switch (authorizer.authorize(asked)) {
        case Decision.Allow allow -> {
          return allow;
        }
        case Decision.Deny deny -> {
          return deny;
        }
        case Decision.NoOpinion none -> {
          if (!none.reason().isEmpty()) {
            reasons.add(none.reason());
          }
        }
      }
    }
    return new Decision.NoOpinion(String.join("\n", reasons));
  }

  @Override
  public Rules rulesFor(User user, String namespace) {
    List<PolicyRule> rules = new ArrayList<>();
    List<String> incomplete = new ArrayList<>(2);
    for (Authorizer authorizer : authorizers) {
      Rules some = authorizer.rulesFor(user, namespace);
      rules.addAll(some.rules());
      if (!some.incomplete().isEmpty()) {
        incomplete.add(some.incomplete());
      }
    }
    return new Rules(rules, String.join(", ", incomplete));
  }
}
