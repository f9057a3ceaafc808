package io.hubspoke.lab;

import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.sshd.SshdOptions;
import java.util.function.UnaryOperator;

/**
 * Changes to the ends of tunnels before they start; a broken protection is one of them.
 *
 * @param keysLeaked whether interceptors on tunnels have the keys of what they stand for
 */
public record TunnelChanges(
    UnaryOperator<SshdOptions> sshd,
    UnaryOperator<KonnectivityServerOptions> server,
    UnaryOperator<KonnectivityAgentOptions> agent,
    boolean keysLeaked) {
  /** Nothing. */
  public static final TunnelChanges NONE =
      new TunnelChanges(
          UnaryOperator.identity(), UnaryOperator.identity(), UnaryOperator.identity(), false);

  public TunnelChanges withSshd(UnaryOperator<SshdOptions> change) {
    return new TunnelChanges(change, server, agent, keysLeaked);
  }

  public TunnelChanges withServer(UnaryOperator<KonnectivityServerOptions> change) {
    return new TunnelChanges(sshd, change, agent, keysLeaked);
  }

  public TunnelChanges withAgent(UnaryOperator<KonnectivityAgentOptions> change) {
    return new TunnelChanges(sshd, server, change, keysLeaked);
  }

  public TunnelChanges withKeysLeaked() {
    return new TunnelChanges(sshd, server, agent, true);
  }
}
