package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/** A pod as one of those behind a service. */
record BackendPod(Pod pod) {

  /** All of a pod that its services depend on; the rest may change without their taking notice. */
  record State(
      boolean ended,
      boolean ready,
      boolean terminating,
      List<String> addresses,
      String node,
      Map<String, String> labels) {}

  State state() {
    return new State(
        hasEnded(),
        isReady(),
        isTerminating(),
        addresses(),
        Objects.requireNonNullElse(node(), ""),
        PodsByLabel.labels(pod));
  }

  String name() {
    return pod.getMetadata().getName();
  }

  /** Returns whether its containers have ended for good. */
  boolean hasEnded() {
    var phase = pod.getStatus() == null ? "" : pod.getStatus().getPhase();
    return "Succeeded".equals(phase) || "Failed".equals(phase);
  }

  boolean isReady() {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
  }

  boolean isTerminating() {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  /** Returns since when it is as ready or unready as it is; the earliest time when unknown. */
  Instant readySince() {
    if (pod.getStatus() == null) {
      return Instant.MIN;
    }
    return pod.getStatus().getConditions().stream()
        .filter(c -> "Ready".equals(c.getType()) && c.getLastTransitionTime() != null)
        .map(c -> OffsetDateTime.parse(c.getLastTransitionTime()).toInstant())
        .findFirst()
        .orElse(Instant.MIN);
  }

  List<String> addresses() {
    var status = pod.getStatus();
    if (status == null) {
      return List.of();
    }
    if (status.getPodIPs() == null || status.getPodIPs().isEmpty()) {
      return status.getPodIP() == null ? List.of() : List.of(status.getPodIP());
    }
    return status.getPodIPs().stream().map(PodIP::getIp).filter(Objects::nonNull).toList();
  }

  /** Returns its addresses of one family. */
  List<String> addresses(AddressFamily family) {
    return addresses().stream().filter(ip -> AddressFamily.of(ip) == family).toList();
  }

  /** Returns the node it is bound to; null for none. */
  String node() {
    return pod.getSpec().getNodeName();
  }

  /** Returns the name that the DNS gives it below a headless service; null for none. */
  String hostname(Service service) {
    var spec = pod.getSpec();
    return spec.getHostname() != null
            && !spec.getHostname().isEmpty()
            && service.getMetadata().getName().equals(spec.getSubdomain())
        ? spec.getHostname()
        : null;
  }

  /**
   * Returns the number of the port that a service's port leads to; empty when the pod has none of
   * the name.
   */
  OptionalInt port(ServicePort port) {
    var target = port.getTargetPort();
    if (target == null) {
      return OptionalInt.of(port.getPort());
    }
    if (target.getIntVal() != null) {
      return OptionalInt.of(target.getIntVal());
    }
    var containers = new ArrayList<>(pod.getSpec().getContainers());
    pod.getSpec().getInitContainers().stream()
        .filter(init -> "Always".equals(init.getRestartPolicy()))
        .forEach(containers::add);
    return containers.stream()
        .map(Container::getPorts)
        .flatMap(List::stream)
        .filter(p -> Objects.equals(p.getName(), target.getStrVal()))
        .filter(p -> protocol(p.getProtocol()).equals(protocol(port.getProtocol())))
        .mapToInt(p -> p.getContainerPort())
        .findFirst();
  }

  static String protocol(String named) {
    return named == null || named.isEmpty() ? "TCP" : named;
  }

  ObjectReference reference() {
    var metadata = pod.getMetadata();
    return new ObjectReferenceBuilder()
        .withKind("Pod")
        .withNamespace(metadata.getNamespace())
        .withName(metadata.getName())
        .withUid(metadata.getUid())
        .build();
  }
}
