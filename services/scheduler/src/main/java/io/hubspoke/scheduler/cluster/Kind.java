package io.hubspoke.scheduler.cluster;

import java.util.Map;

/**
 * What selectors can tell pods apart by. Pods of one kind are counted, not looked at one by one, so
 * a rule about a thousand replicas costs as much as one about a single pod.
 */
public final class Kind {
  private final String namespace;
  private final Map<String, String> labels;
  private final boolean terminating;
  private final int hash;

  Kind(String namespace, Map<String, String> labels, boolean terminating) {
    this.namespace = namespace;
    this.labels = labels;
    this.terminating = terminating;
    this.hash =
        31 * (31 * namespace.hashCode() + labels.hashCode()) + Boolean.hashCode(terminating);
  }

  public String namespace() {
    return namespace;
  }

  public Map<String, String> labels() {
    return labels;
  }

  /** Tells whether its pods are being deleted. */
  public boolean terminating() {
    return terminating;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Kind that
            && hash == that.hash
            && terminating == that.terminating
            && namespace.equals(that.namespace)
            && labels.equals(that.labels));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return namespace + labels + (terminating ? " (terminating)" : "");
  }
}
