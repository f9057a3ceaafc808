package io.hubspoke.kubeproxy.rules;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointHints;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What an endpoint slice says that matters to a node. */
record SliceEndpoints(String addressType, List<Port> ports, List<Backend> backends) {
  SliceEndpoints {
    ports = List.copyOf(ports);
    backends = List.copyOf(backends);
  }

  /**
   * A port that all endpoints of the slice have.
   *
   * @param name as the service's port is named
   */
  record Port(String name, Protocol protocol, int number) {}

  /**
   * An address of the slice and its state. The slice controller counts the endpoints of a service
   * with publishNotReadyAddresses as ready, so nothing is to be done for that here.
   *
   * @param zones those it is meant for by its hints; empty for all
   */
  record Backend(
      String ip,
      boolean local,
      boolean ready,
      boolean serving,
      boolean terminating,
      Set<String> zones) {
    Backend {
      zones = Set.copyOf(zones);
    }

    /** Returns whether it may serve while nothing is ready (ProxyTerminatingEndpoints). */
    boolean lastResort() {
      return !ready && serving && terminating;
    }
  }

  static SliceEndpoints of(EndpointSlice slice, String nodeName) {
    var backends = new ArrayList<Backend>();
    for (var endpoint : list(slice.getEndpoints())) {
      // All addresses of one endpoint mean the same, and kube-proxy uses the first.
      if (!list(endpoint.getAddresses()).isEmpty()) {
        var conditions =
            endpoint.getConditions() == null ? new EndpointConditions() : endpoint.getConditions();
        backends.add(
            new Backend(
                endpoint.getAddresses().getFirst(),
                !nodeName.isEmpty() && nodeName.equals(endpoint.getNodeName()),
                is(conditions.getReady(), true),
                is(conditions.getServing(), true),
                is(conditions.getTerminating(), false),
                zones(endpoint.getHints())));
      }
    }
    var ports = new ArrayList<Port>();
    for (var port : list(slice.getPorts())) {
      var protocol = protocol(port);
      if (protocol != null && port.getPort() != null && port.getPort() != 0) {
        ports.add(new Port(port.getName() == null ? "" : port.getName(), protocol, port.getPort()));
      }
    }
    return new SliceEndpoints(slice.getAddressType(), ports, backends);
  }

  private static Protocol protocol(EndpointPort port) {
    return protocol(port.getProtocol());
  }

  /** Returns null for a protocol that nobody forwards. */
  static Protocol protocol(String name) {
    return switch (name) {
      case null -> Protocol.TCP;
      case "TCP" -> Protocol.TCP;
      case "UDP" -> Protocol.UDP;
      case "SCTP" -> Protocol.SCTP;
      default -> null;
    };
  }

  private static Set<String> zones(EndpointHints hints) {
    return hints == null
        ? Set.of()
        : list(hints.getForZones()).stream().map(ForZone::getName).collect(Collectors.toSet());
  }

  private static boolean is(Boolean condition, boolean unsaid) {
    return condition == null ? unsaid : condition;
  }

  static <T> List<T> list(List<T> given) {
    return given == null ? List.of() : given;
  }
}
