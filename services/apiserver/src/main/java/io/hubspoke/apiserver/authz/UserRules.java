package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.authz.RoleBindings.Grant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The rules that one user has at one time. Those that can concern a kind of request are picked out
 * at the first such request; each request is then compared with these few alone.
 */
final class UserRules {
  /**
   * Kinds of requests that are remembered; an apiserver has fewer, its callers may make some up.
   */
  private static final int MOST_KINDS = 512;

  /** Longer names are nobody's but an attacker's, who would fill the memory with them. */
  private static final int LONGEST_KIND = 256;

  private record Kind(
      boolean resource, String verb, String group, String plural, String subresource) {
    int length() {
      return verb.length() + group.length() + plural.length() + subresource.length();
    }
  }

  private record Candidate(Grant grant, PolicyRule rule) {}

  private final List<Grant> grants;
  private final AtomicInteger remembered;
  private final Map<Kind, List<Candidate>> candidates = new ConcurrentHashMap<>();

  /**
   * @param remembered counts the kinds of requests that are remembered, of all users
   */
  UserRules(List<Grant> grants, AtomicInteger remembered) {
    this.grants = grants;
    this.remembered = remembered;
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
      if (kind.length() > LONGEST_KIND) {
        return known;
      }
      if (candidates.size() >= MOST_KINDS) {
        candidates.clear();
      }
      candidates.put(kind, known);
      remembered.incrementAndGet();
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
