package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.ArrayList;
import java.util.List;

/** A port of its node that a pod wants. */
public record HostPort(String ip, String protocol, int port) {
  private static final String ANY = "0.0.0.0";

  /** Tells whether only one of both can be had; an address is part of all addresses. */
  public boolean conflictsWith(HostPort other) {
    return port == other.port
        && protocol.equals(other.protocol)
        && (ip.equals(other.ip) || ip.equals(ANY) || other.ip.equals(ANY));
  }

  /** Returns what a pod's containers want, sidecars included. */
  static List<HostPort> of(PodSpec spec) {
    var ports = new ArrayList<HostPort>();
    if (spec.getContainers() != null) {
      spec.getContainers().forEach(container -> add(container, ports));
    }
    if (spec.getInitContainers() != null) {
      spec.getInitContainers().stream()
          .filter(container -> "Always".equals(container.getRestartPolicy()))
          .forEach(container -> add(container, ports));
    }
    return List.copyOf(ports);
  }

  private static void add(Container container, List<HostPort> ports) {
    if (container.getPorts() == null) {
      return;
    }
    for (var port : container.getPorts()) {
      if (port.getHostPort() != null && port.getHostPort() != 0) {
        ports.add(
            new HostPort(
                port.getHostIP() == null || port.getHostIP().isEmpty() ? ANY : port.getHostIP(),
                port.getProtocol() == null ? "TCP" : port.getProtocol(),
                port.getHostPort()));
      }
    }
  }
}
