package io.hubspoke.kubeproxy.rules;

import static io.hubspoke.kubeproxy.rules.SliceEndpoints.list;

import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a service says that matters to a node.
 *
 * @param externalIps external ones and those of load balancers, of the cluster IP's family
 * @param affinity zero for none
 * @param healthCheckNodePort 0 for none
 */
record ForwardedService(
    String clusterIp,
    List<String> externalIps,
    List<Port> ports,
    Duration affinity,
    boolean internalLocal,
    boolean externalLocal,
    int healthCheckNodePort) {
  /** Another proxy than this one serves what has this label. */
  static final String PROXY_NAME = "service.kubernetes.io/service-proxy-name";

  static final String HEADLESS = "service.kubernetes.io/headless";

  /** The timeout of session affinity that the API sets when none is given. */
  private static final Duration AFFINITY = Duration.ofHours(3);

  ForwardedService {
    externalIps = List.copyOf(externalIps);
    ports = List.copyOf(ports);
  }

  /** A port of the service. */
  record Port(String name, Protocol protocol, int number, int nodePort) {}

  /** Returns whether an endpoint slice of this type has addresses of the cluster IP's family. */
  boolean fits(String addressType) {
    return (clusterIp.indexOf(':') >= 0 ? "IPv6" : "IPv4").equals(addressType);
  }

  /** Returns whether connections come from outside the cluster to this port. */
  boolean accessible(Port port) {
    return port.nodePort() != 0 || !externalIps.isEmpty();
  }

  /** Reads a service; null when there is nothing to forward. */
  static ForwardedService of(Service service) {
    var spec = service.getSpec();
    if (spec == null || skipped(service.getMetadata().getLabels()) || !hasAddress(spec)) {
      return null;
    }
    var ports = new ArrayList<Port>();
    for (var port : list(spec.getPorts())) {
      var protocol = SliceEndpoints.protocol(port.getProtocol());
      if (protocol != null && port.getPort() != null) {
        ports.add(
            new Port(
                Objects.requireNonNullElse(port.getName(), ""),
                protocol,
                port.getPort(),
                Objects.requireNonNullElse(port.getNodePort(), 0)));
      }
    }
    var externalLocal = externallyAccessible(spec) && isLocal(spec.getExternalTrafficPolicy());
    return new ForwardedService(
        spec.getClusterIP(),
        externalIps(service),
        ports,
        affinity(spec),
        isLocal(spec.getInternalTrafficPolicy()),
        externalLocal,
        externalLocal && "LoadBalancer".equals(spec.getType())
            ? Objects.requireNonNullElse(spec.getHealthCheckNodePort(), 0)
            : 0);
  }

  private static boolean skipped(Map<String, String> labels) {
    return labels != null && (labels.containsKey(PROXY_NAME) || labels.containsKey(HEADLESS));
  }

  private static boolean hasAddress(ServiceSpec spec) {
    return !"ExternalName".equals(spec.getType())
        && spec.getClusterIP() != null
        && isAddress(spec.getClusterIP());
  }

  private static List<String> externalIps(Service service) {
    var spec = service.getSpec();
    var addresses = new ArrayList<String>(list(spec.getExternalIPs()));
    var status = service.getStatus() == null ? null : service.getStatus().getLoadBalancer();
    for (LoadBalancerIngress ingress :
        status == null ? List.<LoadBalancerIngress>of() : list(status.getIngress())) {
      // Of a load balancer that is a proxy itself, connections must really pass through it.
      if (ingress.getIp() != null
          && (ingress.getIpMode() == null || ingress.getIpMode().equals("VIP"))) {
        addresses.add(ingress.getIp());
      }
    }
    var six = spec.getClusterIP().indexOf(':') >= 0;
    return addresses.stream()
        .filter(address -> (address.indexOf(':') >= 0) == six && isAddress(address))
        .distinct()
        .toList();
  }

  private static boolean isAddress(String text) {
    try {
      return !InetAddress.ofLiteral(text).isAnyLocalAddress();
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }

  private static boolean externallyAccessible(ServiceSpec spec) {
    return "LoadBalancer".equals(spec.getType())
        || "NodePort".equals(spec.getType())
        || !list(spec.getExternalIPs()).isEmpty();
  }

  private static boolean isLocal(String policy) {
    return "Local".equals(policy);
  }

  private static Duration affinity(ServiceSpec spec) {
    if (!"ClientIP".equals(spec.getSessionAffinity())) {
      return Duration.ZERO;
    }
    var config = spec.getSessionAffinityConfig();
    var client = config == null ? null : config.getClientIP();
    return client == null || client.getTimeoutSeconds() == null
        ? AFFINITY
        : Duration.ofSeconds(client.getTimeoutSeconds());
  }
}
