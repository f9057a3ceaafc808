package io.hubspoke.client.scheduling;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Map;

/** Which nodes a pod's node selector and required node affinity allow. */
public final class RequiredNodes {
  private RequiredNodes() {}

  /** Returns whether the pod may run on the node as far as labels and names go. */
  public static boolean include(PodSpec spec, Node node) {
    var labels = node.getMetadata().getLabels();
    Map<String, String> known = labels == null ? Map.of() : labels;
    if (spec.getNodeSelector() != null
        && !known.entrySet().containsAll(spec.getNodeSelector().entrySet())) {
      return false;
    }
    var affinity = spec.getAffinity() == null ? null : spec.getAffinity().getNodeAffinity();
    var required =
        affinity == null ? null : affinity.getRequiredDuringSchedulingIgnoredDuringExecution();
    if (required == null) {
      return true;
    }
    var fields = Map.of("metadata.name", node.getMetadata().getName());
    return orEmpty(required.getNodeSelectorTerms()).stream()
        .anyMatch(term -> matches(term, known, fields));
  }

  /** A term without requirements matches nothing. */
  private static boolean matches(
      NodeSelectorTerm term, Map<String, String> labels, Map<String, String> fields) {
    var expressions = orEmpty(term.getMatchExpressions());
    var onFields = orEmpty(term.getMatchFields());
    return !(expressions.isEmpty() && onFields.isEmpty())
        && expressions.stream().allMatch(requirement -> holds(requirement, labels))
        && onFields.stream().allMatch(requirement -> holds(requirement, fields));
  }

  private static boolean holds(NodeSelectorRequirement requirement, Map<String, String> values) {
    var value = values.get(requirement.getKey());
    var wanted = orEmpty(requirement.getValues());
    return switch (requirement.getOperator()) {
      case "In" -> value != null && wanted.contains(value);
      case "NotIn" -> value == null || !wanted.contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" -> compare(value, wanted) > 0;
      case "Lt" -> compare(value, wanted) < 0;
      default -> false;
    };
  }

  /** Compares as integers; 0, which neither operator accepts, when one is none. */
  private static int compare(String value, List<String> wanted) {
    try {
      return value == null || wanted.size() != 1
          ? 0
          : Long.compare(Long.parseLong(value), Long.parseLong(wanted.getFirst()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static <T> List<T> orEmpty(List<T> list) {
    return list == null ? List.of() : list;
  }
}
