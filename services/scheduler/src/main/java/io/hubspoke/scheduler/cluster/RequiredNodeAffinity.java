package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which nodes a pod's node selector and required node affinity want. */
public final class RequiredNodeAffinity {
  private static final String NAME = "metadata.name";

  private final Map<String, String> selector;
  private final List<NodeSelectorTerm> terms;

  private RequiredNodeAffinity(Map<String, String> selector, List<NodeSelectorTerm> terms) {
    this.selector = selector;
    this.terms = terms;
  }

  static RequiredNodeAffinity of(PodSpec spec) {
    var affinity = spec.getAffinity() == null ? null : spec.getAffinity().getNodeAffinity();
    var required =
        affinity == null ? null : affinity.getRequiredDuringSchedulingIgnoredDuringExecution();
    return new RequiredNodeAffinity(
        spec.getNodeSelector() == null ? Map.of() : spec.getNodeSelector(),
        required == null ? null : orEmpty(required.getNodeSelectorTerms()));
  }

  /** Tells whether the pod takes any node. */
  public boolean isEmpty() {
    return selector.isEmpty() && terms == null;
  }

  /** Tells whether the pod may run on a node; one of the terms is enough. */
  public boolean matches(Node node) {
    return labels(node).entrySet().containsAll(selector.entrySet())
        && (terms == null || terms.stream().anyMatch(term -> matches(term, node)));
  }

  /**
   * Returns the only nodes that can match, when every term names nodes; null when one names none.
   * An empty set says that the terms contradict themselves.
   */
  public Set<String> names() {
    if (terms == null || terms.isEmpty()) {
      return null;
    }
    var all = new TreeSet<String>();
    for (var term : terms) {
      Set<String> names = null;
      for (var requirement : orEmpty(term.getMatchFields())) {
        if (NAME.equals(requirement.getKey()) && "In".equals(requirement.getOperator())) {
          if (names == null) {
            names = new TreeSet<>(orEmpty(requirement.getValues()));
          } else {
            names.retainAll(orEmpty(requirement.getValues()));
          }
        }
      }
      if (names == null) {
        return null;
      }
      all.addAll(names);
    }
    return all;
  }

  /** Tells whether a node meets all of a term; a term without requirements matches nothing. */
  public static boolean matches(NodeSelectorTerm term, Node node) {
    var expressions = orEmpty(term.getMatchExpressions());
    var fields = orEmpty(term.getMatchFields());
    var labels = labels(node);
    return !(expressions.isEmpty() && fields.isEmpty())
        && expressions.stream().allMatch(wanted -> holds(wanted, labels.get(wanted.getKey())))
        && fields.stream()
            .allMatch(
                wanted ->
                    holds(
                        wanted,
                        NAME.equals(wanted.getKey()) ? node.getMetadata().getName() : null));
  }

  private static boolean holds(NodeSelectorRequirement requirement, String value) {
    var wanted = orEmpty(requirement.getValues());
    return switch (requirement.getOperator() == null ? "" : requirement.getOperator()) {
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

  private static Map<String, String> labels(Node node) {
    var labels = node.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  private static <T> List<T> orEmpty(List<T> list) {
    return list == null ? List.of() : list;
  }
}
