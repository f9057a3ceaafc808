package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One measured route.
 *
 * @param notApplicable why a property is not measured here
 * @param failure why the measurement broke down, if it did
 */
public record Row(
    String id,
    String title,
    String posture,
    String egress,
    Map<Property, Boolean> expectation,
    Map<Property, String> notApplicable,
    Map<Property, Verdict> verdicts,
    Optional<String> failure,
    Duration took) {
  public Row {
    expectation = Map.copyOf(expectation);
    notApplicable = Map.copyOf(notApplicable);
    verdicts = Map.copyOf(verdicts);
  }

  /** Whether the control plane reaches nodes through a tunnel there. */
  boolean isTunnelled() {
    return !egress.equals("-") && !egress.equals(Egress.DIRECT.toString());
  }

  /** The lines of its evidence that are quoted below the table. */
  List<String> inShort() {
    var lines = new ArrayList<String>();
    for (var property : Property.values()) {
      var verdict = verdicts.get(property);
      if (verdict != null) {
        verdict.evidence().path(Report.IN_SHORT).forEach(line -> lines.add(line.asText()));
      }
    }
    return List.copyOf(lines);
  }

  /** Whether a property that the documents promise could not be measured from where this was. */
  boolean inPart() {
    return verdicts.values().stream().anyMatch(Verdict.NotMeasured.class::isInstance);
  }

  /** Whether everything that can be was measured and is as the documents say. */
  public boolean asExpected() {
    return failure.isEmpty() && expectation.keySet().stream().allMatch(this::asExpected);
  }

  /** Whether one property was measured and is as the documents say. */
  public boolean asExpected(Property property) {
    var expected = expectation.get(property);
    return switch (verdicts.get(property)) {
      case null -> expected == null;
      case Verdict.Holds _ -> expected == null || expected;
      case Verdict.Absent _ -> expected == null || !expected;
      case Verdict.Inconclusive _ -> false;
      case Verdict.NotMeasured _ -> true;
    };
  }
}
