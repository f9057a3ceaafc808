package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** What was measured of one property, with the evidence. */
public sealed interface Verdict {
  ObjectNode evidence();

  /** The property holds. */
  record Holds(ObjectNode evidence) implements Verdict {}

  /** The property was seen not to hold. */
  record Absent(ObjectNode evidence) implements Verdict {}

  /** Nothing could be concluded; never as expected. */
  record Inconclusive(String reason, ObjectNode evidence) implements Verdict {}

  /** It can't be measured from where this audit is; neither as expected nor not. */
  record NotMeasured(String reason) implements Verdict {
    @Override
    public ObjectNode evidence() {
      return Checks.evidence();
    }
  }

  /** Holds or not, by a condition. */
  static Verdict of(boolean holds, ObjectNode evidence) {
    return holds ? new Holds(evidence) : new Absent(evidence);
  }

  /**
   * Makes one of several measurements of the same property: each must hold for it to hold, none may
   * hold for it not to, and whatever else is no conclusion.
   */
  static Verdict all(List<Verdict> verdicts) {
    if (verdicts.size() == 1) {
      return verdicts.getFirst();
    }
    var evidence = Checks.evidence();
    var each = evidence.putArray("each");
    for (var verdict : verdicts) {
      each.add(verdict.evidence());
      verdict.evidence().path(Report.IN_SHORT).forEach(l -> Checks.inShort(evidence, l.asText()));
      verdict.evidence().remove(Report.IN_SHORT);
    }
    for (var verdict : verdicts) {
      if (verdict instanceof Inconclusive(var reason, var _)) {
        return new Inconclusive(reason, evidence);
      }
    }
    var holding = verdicts.stream().filter(Holds.class::isInstance).count();
    if (holding > 0 && holding < verdicts.size()) {
      return new Inconclusive("holds in one way and not in another", evidence);
    }
    return of(holding > 0, evidence);
  }
}
