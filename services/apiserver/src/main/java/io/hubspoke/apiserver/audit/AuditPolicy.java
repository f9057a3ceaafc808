package io.hubspoke.apiserver.audit;

import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.User;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What is recorded (audit.k8s.io/v1, {@code Policy}): the first rule that matches decides. */
record AuditPolicy(List<AuditRule> rules, Set<AuditStage> omitStages, boolean omitManagedFields) {

  /** How one request is recorded. */
  record Verdict(AuditLevel level, Set<AuditStage> omitStages, boolean omitManagedFields) {
    static final Verdict NOTHING = new Verdict(AuditLevel.NONE, Set.of(), false);

    boolean records(AuditStage stage) {
      return level != AuditLevel.NONE && !omitStages.contains(stage);
    }
  }

  AuditPolicy {
    rules = List.copyOf(rules);
    omitStages = Set.copyOf(omitStages);
  }

  /**
   * Decides about a request, which no rule matches for nothing.
   *
   * @param user as authenticated, whoever it acts as; null when nobody was
   */
  Verdict verdict(User user, RequestInfo info) {
    for (AuditRule rule : rules) {
      if (rule.matches(user, info)) {
        Set<AuditStage> omitted = EnumSet.noneOf(AuditStage.class);
        omitted.addAll(omitStages);
        omitted.addAll(rule.omitStages());
        return new Verdict(
            rule.level(), omitted, rule.omitManagedFields().orElse(omitManagedFields));
      }
    }
    return Verdict.NOTHING;
  }
}
