package io.hubspoke.kubeproxy.rules;

import java.time.Duration;
import java.util.List;

/**
 * How one port of a service is forwarded by one node.
 *
 * @param clusterIp the virtual address
 * @param port its port
 * @param nodePort the port of every node, 0 for none
 * @param externalIps further addresses: external ones and those of load balancers
 * @param affinity how long a client stays with its endpoint, zero for no affinity
 * @param internal where connections from inside the cluster go, by internalTrafficPolicy
 * @param external where connections from outside go, by externalTrafficPolicy
 * @param externalLocal whether those keep their source address, since they stay on the node
 */
public record ServiceRule(
    ServicePortName name,
    String clusterIp,
    int port,
    int nodePort,
    List<String> externalIps,
    Duration affinity,
    Destinations internal,
    Destinations external,
    boolean externalLocal) {
  public ServiceRule {
    externalIps = List.copyOf(externalIps);
  }

  /**
   * Where connections may go.
   *
   * @param endpoints those to choose from
   * @param elsewhere whether there are endpoints that a policy of Local keeps out of reach:
   *     connections are dropped then, and refused when a service has no endpoint at all
   */
  public record Destinations(List<Endpoint> endpoints, boolean elsewhere) {
    public Destinations {
      endpoints = List.copyOf(endpoints);
    }
  }
}
