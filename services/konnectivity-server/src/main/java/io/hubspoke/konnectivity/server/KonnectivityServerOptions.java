package io.hubspoke.konnectivity.server;

import io.hubspoke.client.ClientConfig;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a Konnectivity server is told; names and defaults are those of the real one's flags.
 *
 * @param serverId tells it from other servers, of which agents connect with each
 * @param serverCount how many there are
 * @param strategies by which an agent is chosen, in this order
 * @param apiserver for checking tokens and for leases; empty when neither is wanted
 * @param leases kept up so that agents can count servers; empty for none
 * @param health where health is served; empty for nowhere
 * @param admin where metrics are served; empty for nowhere
 * @param grace how long connections may go on when the server is told to stop
 */
public record KonnectivityServerOptions(
    String serverId,
    int serverCount,
    List<ProxyStrategy> strategies,
    FrontendOptions frontend,
    AgentListenerOptions agents,
    Optional<ClientConfig> apiserver,
    Optional<Leases> leases,
    Optional<SocketAddress> health,
    Optional<SocketAddress> admin,
    Duration grace) {
  public static final Duration KEEPALIVE_TIME = Duration.ofHours(1);
  static final int SERVER_PORT = 8090;
  static final int AGENT_PORT = 8091;
  static final int HEALTH_PORT = 8092;
  static final int ADMIN_PORT = 8095;

  /** Where leases are, and by which labels they are known. */
  public record Leases(String namespace, Map<String, String> labels) {
    public static final Leases DEFAULT =
        new Leases("kube-system", Map.of("k8s-app", "konnectivity-server"));

    public Leases {
      labels = Map.copyOf(labels);
    }
  }

  public KonnectivityServerOptions {
    strategies = List.copyOf(strategies);
    if (serverId.isBlank() || serverId.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new IllegalArgumentException(
          "--server-id must be printable ASCII without spaces, but is \"" + serverId + "\"");
    }
    if (serverCount < 1) {
      throw new IllegalArgumentException(
          "--server-count must be at least 1, but is " + serverCount);
    }
    if (strategies.isEmpty()) {
      throw new IllegalArgumentException("--proxy-strategies must name at least one strategy");
    }
    if (apiserver.isEmpty() && (agents.tokens() != null || leases.isPresent())) {
      throw new IllegalArgumentException(
          "--kubeconfig must be given for "
              + (leases.isPresent() ? "--enable-lease-controller" : "agent authentication"));
    }
  }

  /** A server with the real one's defaults that serves no health and no metrics. */
  public static KonnectivityServerOptions of(
      String serverId, FrontendOptions frontend, AgentListenerOptions agents) {
    return new KonnectivityServerOptions(
        serverId,
        1,
        List.of(ProxyStrategy.DEFAULT),
        frontend,
        agents,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Duration.ZERO);
  }

  /** One of several. */
  public KonnectivityServerOptions withServerCount(int count) {
    return new KonnectivityServerOptions(
        serverId, count, strategies, frontend, agents, apiserver, leases, health, admin, grace);
  }

  public KonnectivityServerOptions withStrategies(List<ProxyStrategy> order) {
    return new KonnectivityServerOptions(
        serverId, serverCount, order, frontend, agents, apiserver, leases, health, admin, grace);
  }

  /**
   * Asks an apiserver about tokens.
   *
   * @param leasesToKeep null for none
   */
  public KonnectivityServerOptions withApiserver(ClientConfig client, Leases leasesToKeep) {
    return new KonnectivityServerOptions(
        serverId,
        serverCount,
        strategies,
        frontend,
        agents,
        Optional.of(client),
        Optional.ofNullable(leasesToKeep),
        health,
        admin,
        grace);
  }

  /**
   * Serves health and metrics.
   *
   * @param healthAt null for nowhere
   * @param adminAt null for nowhere
   */
  public KonnectivityServerOptions withServing(SocketAddress healthAt, SocketAddress adminAt) {
    return new KonnectivityServerOptions(
        serverId,
        serverCount,
        strategies,
        frontend,
        agents,
        apiserver,
        leases,
        Optional.ofNullable(healthAt),
        Optional.ofNullable(adminAt),
        grace);
  }

  /** Lets connections go on for a time when it is told to stop. */
  public KonnectivityServerOptions withGrace(Duration time) {
    return new KonnectivityServerOptions(
        serverId,
        serverCount,
        strategies,
        frontend,
        agents,
        apiserver,
        leases,
        health,
        admin,
        time);
  }
}
