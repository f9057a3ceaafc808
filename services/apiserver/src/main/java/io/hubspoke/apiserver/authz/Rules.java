package io.hubspoke.apiserver.authz;

import java.util.List;

/**
 * What a user may do, as {@code SubjectRulesReviewStatus} lists it.
 *
 * @param incomplete why the list isn't everything; empty when it is
 */
public record Rules(List<PolicyRule> rules, String incomplete) {
  public Rules {
    rules = List.copyOf(rules);
  }
}
