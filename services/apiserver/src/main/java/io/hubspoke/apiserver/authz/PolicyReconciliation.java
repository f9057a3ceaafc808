package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.List;
import java.util.Map;

/**
 * Puts default roles and bindings right at a start: adds what is missing, leaves what an
 * administrator added, and leaves alone what he keeps from it by an annotation
 * ("Auto-reconciliation").
 */
public final class PolicyReconciliation {
  private static final String AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate";

  private PolicyReconciliation() {}

  /** Returns whether there is nothing to be done. */
  public static boolean holds(ObjectNode now, ObjectNode wanted) {
    return "false".equals(Meta.annotations(now).get(AUTOUPDATE))
        || complete(now.deepCopy(), wanted).equals(now);
  }

  /** Adds to an object what it lacks of the wanted one, and returns it. */
  public static ObjectNode complete(ObjectNode current, ObjectNode wanted) {
    addMissing(current, "labels", Meta.labels(wanted));
    addMissing(current, "annotations", Meta.annotations(wanted));
    addMissing(current, wanted, "subjects");
    if (wanted.has("aggregationRule")) {
      // The rules are what the aggregation controller makes of it.
      JsonNode selectors = wanted.path("aggregationRule").path("clusterRoleSelectors");
      for (JsonNode selector : selectors) {
        if (!contains(current.path("aggregationRule").path("clusterRoleSelectors"), selector)) {
          current.withObject("/aggregationRule").withArray("clusterRoleSelectors").add(selector);
        }
      }
      return current;
    }
    current.remove("aggregationRule");
    List<PolicyRule> held = PolicyRule.listOf(current);
    for (PolicyRule rule : PolicyRule.listOf(wanted)) {
      if (!RuleCoverage.missing(held, List.of(rule)).isEmpty()) {
        current.withArray("rules").add(rule.toJson());
      }
    }
    return current;
  }

  private static void addMissing(ObjectNode current, String field, Map<String, String> wanted) {
    wanted.forEach(
        (key, value) -> {
          if (!current.path("metadata").path(field).has(key)) {
            current.withObject("/metadata").withObject(field).put(key, value);
          }
        });
  }

  private static void addMissing(ObjectNode current, ObjectNode wanted, String field) {
    for (JsonNode element : wanted.path(field)) {
      if (!contains(current.path(field), element)) {
        current.withArray(field).add(element.deepCopy());
      }
    }
  }

  private static boolean contains(JsonNode array, JsonNode element) {
    for (JsonNode one : array) {
      if (one.equals(element)) {
        return true;
      }
    }
    return false;
  }
}
