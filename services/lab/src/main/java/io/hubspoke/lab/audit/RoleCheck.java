package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Collects what a caller was answered inside and outside of its role. Each request has a name of
 * its own; those whose answer isn't the role's are listed as {@code notAsTheRoleSays}.
 */
final class RoleCheck {
  private final ObjectNode evidence = Checks.evidence();
  private final ObjectNode inside = evidence.putObject("inside");
  private final ObjectNode outside = evidence.putObject("outside");
  private final ArrayNode different = evidence.putArray("notAsTheRoleSays");

  /** Notes a request that the role allows: it must have succeeded. */
  Probe.Answer may(String what, Probe.Answer answer) {
    var done = answer.status() >= 200 && answer.status() < 300;
    inside.put(what, done ? String.valueOf(answer.status()) : answer.brief());
    note(what, done);
    return answer;
  }

  /** Notes a request that the role doesn't allow: it must have been refused as forbidden. */
  void mayNot(String what, Probe.Answer answer) {
    outside.put(what, answer.brief());
    note(what, answer.status() == 403);
  }

  /** Notes something that must be so in what an allowed request answered. */
  void holds(String what, boolean so) {
    inside.put(what, so);
    note(what, so);
  }

  private void note(String what, boolean asTheRoleSays) {
    if (!asTheRoleSays) {
      different.add(what);
    }
  }

  Verdict verdict() {
    return Verdict.of(different.isEmpty(), evidence);
  }
}
