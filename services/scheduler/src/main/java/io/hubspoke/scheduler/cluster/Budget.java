package io.hubspoke.scheduler.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import java.util.HashSet;
import java.util.Set;

/**
 * How many of its pods may be disrupted now, by a PodDisruptionBudget.
 *
 * @param disrupted pods whose disruption is counted already
 */
public record Budget(String namespace, LabelSelector selector, int allowed, Set<String> disrupted) {

  /** Reads a budget; one without a readable selector is about no pods. */
  static Budget of(ObjectNode object) {
    var status = object.path("status");
    var disrupted = new HashSet<String>();
    status.path("disruptedPods").fieldNames().forEachRemaining(disrupted::add);
    LabelSelector selector;
    try {
      selector = LabelSelector.fromObject(object.path("spec").path("selector"));
    } catch (ApiException unreadable) {
      selector = LabelSelector.EVERYTHING;
    }
    return new Budget(
        Meta.namespace(object), selector, status.path("disruptionsAllowed").asInt(), disrupted);
  }

  /** Tells whether a pod's disruption must be counted; an empty selector is about none. */
  public boolean counts(PodInfo pod) {
    return pod.namespace().equals(namespace)
        && !selector.isEmpty()
        && selector.matches(pod.kind().labels())
        && !disrupted.contains(pod.name());
  }
}
