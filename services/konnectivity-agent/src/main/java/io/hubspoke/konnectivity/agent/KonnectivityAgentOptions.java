package io.hubspoke.konnectivity.agent;

import io.vertx.core.net.SocketAddress;
import java.util.Optional;

/**
 * What an agent is told.
 *
 * @param agentId tells it from other agents
 * @param agentIdentifiers what it can reach, as a URL query of types and values; may be empty
 * @param health where health and metrics are served; empty for nowhere
 * @param admin where the admin port is served; empty for nowhere
 */
public record KonnectivityAgentOptions(
    String agentId,
    String agentIdentifiers,
    ServerAccess server,
    Syncing syncing,
    Dialling dialling,
    Optional<SocketAddress> health,
    Optional<SocketAddress> admin) {
  static final int HEALTH_PORT = 8093;
  static final int ADMIN_PORT = 8094;

  public KonnectivityAgentOptions {
    if (agentId.isBlank() || agentId.chars().anyMatch(c -> c < ' ' || c > '~')) {
      throw new IllegalArgumentException("--agent-id must be printable ASCII, and not empty");
    }
    try {
      AgentIdentifiers.check(agentIdentifiers);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--agent-identifiers: " + e.getMessage(), e);
    }
  }

  /** An agent with the real one's defaults that serves nothing itself. */
  public static KonnectivityAgentOptions of(String agentId, ServerAccess server) {
    return new KonnectivityAgentOptions(
        agentId, "", server, Syncing.DEFAULT, Dialling.DEFAULT, Optional.empty(), Optional.empty());
  }

  public KonnectivityAgentOptions withIdentifiers(String identifiers) {
    return new KonnectivityAgentOptions(
        agentId, identifiers, server, syncing, dialling, health, admin);
  }

  public KonnectivityAgentOptions withSyncing(Syncing other) {
    return new KonnectivityAgentOptions(
        agentId, agentIdentifiers, server, other, dialling, health, admin);
  }

  public KonnectivityAgentOptions withDialling(Dialling other) {
    return new KonnectivityAgentOptions(
        agentId, agentIdentifiers, server, syncing, other, health, admin);
  }

  /**
   * Serves health, metrics and the admin port.
   *
   * @param healthAt null for nowhere
   * @param adminAt null for nowhere
   */
  public KonnectivityAgentOptions withServing(SocketAddress healthAt, SocketAddress adminAt) {
    return new KonnectivityAgentOptions(
        agentId,
        agentIdentifiers,
        server,
        syncing,
        dialling,
        Optional.ofNullable(healthAt),
        Optional.ofNullable(adminAt));
  }
}
