package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.DeleteOptions.Propagation;
import io.hubspoke.apiserver.resources.DependentsPolicy;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Puts a deletion's wish for the object's dependents into its finalizers, for the garbage collector
 * to carry out and then take away.
 */
final class DependentsFinalizers {
  static final String ORPHAN = "orphan";
  static final String FOREGROUND = "foregroundDeletion";

  private DependentsFinalizers() {}

  /** Sets or removes the two finalizers that are about dependents. */
  static void settle(ObjectNode object, DependentsPolicy policy, Propagation asked) {
    Set<String> before = new LinkedHashSet<>();
    for (JsonNode finalizer : object.path("metadata").path("finalizers")) {
      before.add(finalizer.asText());
    }
    Set<String> after = new LinkedHashSet<>(before);
    after.remove(ORPHAN);
    after.remove(FOREGROUND);
    String wanted = wanted(before, policy, asked);
    if (!wanted.isEmpty()) {
      after.add(wanted);
    }
    if (after.equals(before)) {
      return;
    }
    if (after.isEmpty()) {
      Meta.of(object).remove("finalizers");
    } else {
      ArrayNode finalizers = Meta.of(object).putArray("finalizers");
      after.forEach(finalizers::add);
    }
  }

  private static String wanted(Set<String> before, DependentsPolicy policy, Propagation asked) {
    if (policy == DependentsPolicy.UNSUPPORTED) {
      return "";
    }
    return switch (asked) {
      case BACKGROUND -> "";
      case FOREGROUND -> FOREGROUND;
      case ORPHAN -> ORPHAN;
      case UNSET ->
          before.stream()
              .filter(finalizer -> finalizer.equals(ORPHAN) || finalizer.equals(FOREGROUND))
              .findFirst()
              .orElse(policy == DependentsPolicy.ORPHAN ? ORPHAN : "");
    };
  }
}
