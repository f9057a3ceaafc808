package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.LabelSelector.Operator;
import io.hubspoke.api.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the selectors of pod specifications; an absent one selects nothing. */
final class LabelSelectors {
  private LabelSelectors() {}

  /**
   * Reads a selector and narrows it to the pods that share labels of the pod it belongs to.
   *
   * @param own labels of the pod
   * @param same keys whose value must be the pod's ("matchLabelKeys")
   * @param other keys whose value must not be the pod's ("mismatchLabelKeys")
   */
  static Optional<LabelSelector> of(
      io.fabric8.kubernetes.api.model.LabelSelector selector,
      Map<String, String> own,
      List<String> same,
      List<String> other) {
    if (selector == null) {
      return Optional.empty();
    }
    var all = new ArrayList<Requirement>();
    if (selector.getMatchLabels() != null) {
      selector
          .getMatchLabels()
          .forEach((key, value) -> all.add(new Requirement(key, Operator.IN, Set.of(value))));
    }
    if (selector.getMatchExpressions() != null) {
      for (var expression : selector.getMatchExpressions()) {
        var read = requirement(expression);
        if (read.isEmpty()) {
          // What can't be read selects nothing, as an absent selector.
          return Optional.empty();
        }
        all.add(read.get());
      }
    }
    own(own, same, Operator.IN, all);
    own(own, other, Operator.NOT_IN, all);
    return Optional.of(new LabelSelector(all));
  }

  private static void own(
      Map<String, String> own, List<String> keys, Operator operator, List<Requirement> all) {
    if (keys != null) {
      for (var key : keys) {
        if (own.containsKey(key)) {
          all.add(new Requirement(key, operator, Set.of(own.get(key))));
        }
      }
    }
  }

  private static Optional<Requirement> requirement(LabelSelectorRequirement expression) {
    Set<String> values =
        expression.getValues() == null ? Set.of() : new HashSet<>(expression.getValues());
    var operator =
        switch (expression.getOperator() == null ? "" : expression.getOperator()) {
          case "In" -> Operator.IN;
          case "NotIn" -> Operator.NOT_IN;
          case "Exists" -> Operator.EXISTS;
          case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
          default -> null;
        };
    return operator == null || expression.getKey() == null
        ? Optional.empty()
        : Optional.of(new Requirement(expression.getKey(), operator, values));
  }
}
