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
 * @param externalLocal whether those keep their source address, since they stay on the node; what
 *     comes from pods goes where {@code internal} says even so
 * @param draining endpoints that get no new connection, since they are not ready, but are there:
 *     what leads to them goes on
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
    boolean externalLocal,
    List<Endpoint> draining) {
  public ServiceRule {
    externalIps = List.copyOf(externalIps);
    draining = List.copyOf(draining);
  }

  /** A rule none of whose endpoints is about to go. */
  public ServiceRule(
      ServicePortName name,
      String clusterIp,
      int port,
      int nodePort,
      List<String> externalIps,
      Duration affinity,
      Destinations internal,
      Destinations external,
      boolean externalLocal) {
    this(
        name,
        clusterIp,
        port,
        nodePort,
        externalIps,
        affinity,
        internal,
        external,
        externalLocal,
        List.of());
  }

  /**
   * Where connections may go.
   *
   * @param endpoints those to choose from
   * @param elsewhere when there are none: whether there are some that a policy of Local keeps out
   *     of reach: connections are dropped then, and refused when a service has no endpoint at all
   */
  public record Destinations(List<Endpoint> endpoints, boolean elsewhere) {
    /** Of a service without endpoints. */
    public static final Destinations NONE = new Destinations(List.of(), false);

    public Destinations {
      endpoints = List.copyOf(endpoints);
    }
  }
}
