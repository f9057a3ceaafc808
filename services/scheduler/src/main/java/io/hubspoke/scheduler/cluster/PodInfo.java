package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** What a pod asks of the scheduler, read from its specification once. */
public final class PodInfo {
  private final Pod pod;
  private final Kind kind;
  private final Object group;
  private final Map<String, Long> requests;
  private final Requests.Usual usual;
  private final List<HostPort> ports;
  private final List<Toleration> tolerations;
  private final RequiredNodeAffinity requiredAffinity;
  private final List<PreferredSchedulingTerm> preferredNodes;
  private final PodAffinity affinity;
  private final List<SpreadConstraint> spread;

  private PodInfo(Pod pod) {
    var metadata = pod.getMetadata();
    var spec = pod.getSpec();
    Map<String, String> labels = metadata.getLabels() == null ? Map.of() : metadata.getLabels();
    var namespace = metadata.getNamespace() == null ? "" : metadata.getNamespace();
    this.pod = pod;
    this.kind = new Kind(namespace, labels, metadata.getDeletionTimestamp() != null);
    this.group = group(pod, new Kind(namespace, labels, false));
    this.requests = Requests.of(pod);
    this.usual = Requests.usual(pod);
    this.ports = HostPort.of(spec);
    this.tolerations = spec.getTolerations() == null ? List.of() : spec.getTolerations();
    this.requiredAffinity = RequiredNodeAffinity.of(spec);
    var nodes = spec.getAffinity() == null ? null : spec.getAffinity().getNodeAffinity();
    this.preferredNodes =
        nodes == null || nodes.getPreferredDuringSchedulingIgnoredDuringExecution() == null
            ? List.of()
            : nodes.getPreferredDuringSchedulingIgnoredDuringExecution();
    this.affinity = PodAffinity.of(spec.getAffinity(), namespace, labels);
    this.spread =
        spec.getTopologySpreadConstraints() == null
            ? List.of()
            : spec.getTopologySpreadConstraints().stream()
                .map(constraint -> SpreadConstraint.of(constraint, labels))
                .toList();
  }

  public static PodInfo of(Pod pod) {
    return new PodInfo(pod);
  }

  public Pod pod() {
    return pod;
  }

  public String uid() {
    return pod.getMetadata().getUid();
  }

  public String name() {
    return pod.getMetadata().getName();
  }

  public String namespace() {
    return kind.namespace();
  }

  public Kind kind() {
    return kind;
  }

  /** Returns what the pods have in common that are to be spread though they ask for nothing. */
  public Object group() {
    return group;
  }

  public int priority() {
    var priority = pod.getSpec().getPriority();
    return priority == null ? 0 : priority;
  }

  /** Returns what it asks of a node: CPU in thousandths, all else in whole units. */
  public Map<String, Long> requests() {
    return requests;
  }

  /** Returns CPU and memory, where containers that ask for none count as small ones. */
  public Requests.Usual usual() {
    return usual;
  }

  public List<HostPort> ports() {
    return ports;
  }

  public List<Toleration> tolerations() {
    return tolerations;
  }

  public RequiredNodeAffinity requiredAffinity() {
    return requiredAffinity;
  }

  public List<PreferredSchedulingTerm> preferredNodes() {
    return preferredNodes;
  }

  public PodAffinity affinity() {
    return affinity;
  }

  public List<SpreadConstraint> spread() {
    return spread;
  }

  /** Returns the node that others make room on for this pod; empty for none. */
  public String nominatedNode() {
    var status = pod.getStatus();
    return status == null || status.getNominatedNodeName() == null
        ? ""
        : status.getNominatedNodeName();
  }

  /** Pods of one controller belong together, and so do bare pods with the same labels. */
  private static Object group(Pod pod, Kind kind) {
    var owners = pod.getMetadata().getOwnerReferences();
    if (owners != null) {
      for (var owner : owners) {
        if (Boolean.TRUE.equals(owner.getController()) && owner.getUid() != null) {
          return owner.getUid();
        }
      }
    }
    return kind;
  }

  @Override
  public String toString() {
    return namespace() + "/" + name();
  }
}
