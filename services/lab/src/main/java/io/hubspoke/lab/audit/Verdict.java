package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What was measured of one property, with the evidence. */
public sealed interface Verdict {
  ObjectNode evidence();

  /** The property holds. */
  record Holds(ObjectNode evidence) implements Verdict {}

  /** The property was seen not to hold. */
  record Absent(ObjectNode evidence) implements Verdict {}

  /** Nothing could be concluded; never as expected. */
  record Inconclusive(String reason, ObjectNode evidence) implements Verdict {}

  /** Holds or not, by a condition. */
  static Verdict of(boolean holds, ObjectNode evidence) {
    return holds ? new Holds(evidence) : new Absent(evidence);
  }
}
