package io.hubspoke.controllermanager.namespaces;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.controllermanager.namespaces.NamespaceContent.Remaining;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/** Says in a namespace's status what keeps it from going, in the real controller's words. */
final class DeletionConditions {
  private DeletionConditions() {}

  /** Sets the conditions in a namespace; returns whether one of them changed. */
  static boolean set(ObjectNode namespace, Remaining remaining, Instant now) {
    boolean changed =
        set(
            namespace,
            now,
            "NamespaceDeletionDiscoveryFailure",
            !remaining.undiscovered().isEmpty(),
            "DiscoveryFailed",
            "Discovery failed for some groups, "
                + remaining.undiscovered().size()
                + " failing: "
                + String.join("; ", remaining.undiscovered()),
            "ResourcesDiscovered",
            "All resources successfully discovered");
    changed |=
        set(
            namespace,
            now,
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "",
            "",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed");
    changed |=
        set(
            namespace,
            now,
            "NamespaceDeletionContentFailure",
            !remaining.failures().isEmpty(),
            "ContentDeletionFailed",
            "Failed to delete all resource types, "
                + remaining.failures().size()
                + " remaining: "
                + String.join("; ", remaining.failures()),
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization");
    changed |=
        set(
            namespace,
            now,
            "NamespaceContentRemaining",
            !remaining.resources().isEmpty(),
            "SomeResourcesRemain",
            "Some resources are remaining: " + counts(remaining.resources(), " has "),
            "ContentRemoved",
            "All content successfully removed");
    changed |=
        set(
            namespace,
            now,
            "NamespaceFinalizersRemaining",
            !remaining.finalizers().isEmpty(),
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: "
                + counts(remaining.finalizers(), " in "),
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished");
    return changed;
  }

  private static String counts(Map<String, Integer> of, String verb) {
    return of.entrySet().stream()
        .map(e -> e.getKey() + verb + e.getValue() + " resource instances")
        .collect(joining(", "));
  }

  private static boolean set(
      ObjectNode namespace,
      Instant now,
      String type,
      boolean status,
      String reason,
      String message,
      String okReason,
      String okMessage) {
    var condition = condition(namespace, type);
    var before = condition.deepCopy();
    String value = status ? "True" : "False";
    if (!condition.path("status").asText().equals(value)) {
      condition.put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
    condition
        .put("type", type)
        .put("status", value)
        .put("reason", status ? reason : okReason)
        .put("message", status ? message : okMessage);
    return !condition.equals(before);
  }

  private static ObjectNode condition(ObjectNode namespace, String type) {
    var conditions = namespace.withObject("status").withArray("conditions");
    for (JsonNode condition : conditions) {
      if (condition.path("type").asText().equals(type) && condition instanceof ObjectNode object) {
        return object;
      }
    }
    return conditions.addObject();
  }
}
