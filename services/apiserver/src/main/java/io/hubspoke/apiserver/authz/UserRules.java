package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.authz.RoleBindings.Grant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rules that one user has at one time. Those that can concern a kind of request are picked out
 * at the first such request; each request is then compared with these few alone.
 */
final class UserRules {
  /**
   * Kinds of requests that are remembered; an apiserver has fewer, its callers may make some up.
   */
  private static final int MOST_KINDS = 512;

  private record Kind(
      boolean resource, String verb, String group, String plural, String subresource) {}

  private record Candidate(Grant grant, PolicyRule rule) {}

  private final List<Grant> grants;
  private final Map<Kind, List<Candidate>> candidates = new ConcurrentHashMap<>();

  UserRules(List<Grant> grants) {
    this.grants = grants;
  }

  List<Grant> grants() {
    return grants;
  }

  Decision decide(Attributes asked) {
    String namespace = asked.resourceRequest() ? asked.namespace() : "";
    for (Candidate candidate : candidates(asked)) {
      if (candidate.grant.appliesIn(namespace) && candidate.rule.allows(asked)) {
        return new Decision.Allow("RBAC: allowed by " + candidate.grant.source());
      }
    }
    return Decision.noOpinion();
  }

  private List<Candidate> candidates(Attributes asked) {
    Kind kind =
        new Kind(
            asked.resourceRequest(),
            asked.verb(),
            asked.group(),
            asked.resource(),
            asked.subresource());
    List<Candidate> known = candidates.get(kind);
    if (known == null) {
      known = pick(asked);
      if (candidates.size() >= MOST_KINDS) {
        candidates.clear();
      }
      candidates.put(kind, known);
    }
    return known;
  }

  private List<Candidate> pick(Attributes asked) {
    List<Candidate> picked = new ArrayList<>();
    for (Grant grant : grants) {
      for (PolicyRule rule : grant.rules()) {
        if (rule.concerns(asked)) {
          picked.add(new Candidate(grant, rule));
        }
      }
    }
    return List.copyOf(picked);
  }
}
