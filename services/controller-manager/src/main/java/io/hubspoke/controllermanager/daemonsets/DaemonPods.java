package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.controllermanager.workloads.PodState;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;

/** What daemon sets look at in pods. */
final class DaemonPods {
  static final String HASH = TemplateRevisions.HASH;
  static final String GENERATION = "pod-template-generation";
  static final String NODE_FIELD = "metadata.name";

  /** The pod that is kept of several comes first: one that is bound, then the oldest. */
  static final Comparator<Pod> BY_AGE =
      Comparator.comparing((Pod pod) -> !isBound(pod))
          .thenComparing(pod -> created(pod))
          .thenComparing(pod -> pod.getMetadata().getName());

  private DaemonPods() {}

  /** Returns the node that a pod is on, or is meant for; empty for none. */
  static Optional<String> node(Pod pod) {
    if (isBound(pod)) {
      return Optional.of(pod.getSpec().getNodeName());
    }
    var affinity = pod.getSpec().getAffinity();
    var nodes = affinity == null ? null : affinity.getNodeAffinity();
    var required = nodes == null ? null : nodes.getRequiredDuringSchedulingIgnoredDuringExecution();
    if (required == null || required.getNodeSelectorTerms() == null) {
      return Optional.empty();
    }
    return required.getNodeSelectorTerms().stream()
        .filter(term -> term.getMatchFields() != null)
        .flatMap(term -> term.getMatchFields().stream())
        .filter(field -> field.getKey().equals(NODE_FIELD) && field.getOperator().equals("In"))
        .filter(field -> field.getValues() != null && field.getValues().size() == 1)
        .map(field -> field.getValues().getFirst())
        .findFirst();
  }

  static boolean isBound(Pod pod) {
    var node = pod.getSpec().getNodeName();
    return node != null && !node.isEmpty();
  }

  static boolean hasEnded(Pod pod) {
    return PodState.isFailed(pod) || PodState.isSucceeded(pod);
  }

  /** Returns whether a pod is of the present template. */
  static boolean isUpdated(Pod pod, DaemonSpec set, String hash) {
    var labels = pod.getMetadata().getLabels();
    if (labels == null) {
      return false;
    }
    return hash.equals(labels.get(HASH))
        || (!set.templateGeneration().isEmpty()
            && set.templateGeneration().equals(labels.get(GENERATION)));
  }

  private static Instant created(Pod pod) {
    var text = pod.getMetadata().getCreationTimestamp();
    return text == null ? Instant.EPOCH : Instant.parse(text);
  }
}
