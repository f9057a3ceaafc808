package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.hubspoke.api.LabelSelector;
import java.util.Map;
import java.util.Optional;

/**
 * How evenly a pod is spread with others like it ("Pod Topology Spread Constraints").
 *
 * @param required whether the pod rather waits than break it
 * @param minDomains with fewer places than this the emptiest counts as having none
 * @param honorsAffinity whether only nodes count that the pod's node affinity wants
 * @param honorsTaints whether only nodes count whose taints the pod tolerates
 */
public record SpreadConstraint(
    String topologyKey,
    int maxSkew,
    boolean required,
    int minDomains,
    boolean honorsAffinity,
    boolean honorsTaints,
    Optional<LabelSelector> selector) {

  static SpreadConstraint of(TopologySpreadConstraint constraint, Map<String, String> labels) {
    return new SpreadConstraint(
        constraint.getTopologyKey() == null ? "" : constraint.getTopologyKey(),
        constraint.getMaxSkew() == null ? 1 : constraint.getMaxSkew(),
        !"ScheduleAnyway".equals(constraint.getWhenUnsatisfiable()),
        constraint.getMinDomains() == null ? 1 : constraint.getMinDomains(),
        !"Ignore".equals(constraint.getNodeAffinityPolicy()),
        "Honor".equals(constraint.getNodeTaintsPolicy()),
        LabelSelectors.of(
            constraint.getLabelSelector(),
            labels,
            constraint.getMatchLabelKeys(),
            java.util.List.of()));
  }

  /** Tells whether it counts pods with these labels, of the namespace of its own pod. */
  public boolean counts(Map<String, String> labels) {
    return selector.isPresent() && selector.get().matches(labels);
  }

  /** Tells whether a node's pods count for the pod. */
  public boolean includes(NodeInfo node, PodInfo pod) {
    return (!honorsAffinity || pod.requiredAffinity().matches(node.node()))
        && (!honorsTaints || Taints.untolerated(node.taints(), pod.tolerations()).isEmpty());
  }
}
