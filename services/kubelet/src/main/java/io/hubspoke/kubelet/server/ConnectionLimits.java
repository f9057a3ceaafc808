package io.hubspoke.kubelet.server;

import java.time.Duration;

/**
 * Bounds what connections to the kubelet's API may cost; anybody can open them.
 *
 * @param most connections at a time, of all callers together
 * @param firstRequest within what time a new connection must have made a whole request head (Go's
 *     {@code ReadHeaderTimeout})
 * @param idle how long a connection may stay without a request (Go's {@code IdleTimeout})
 */
public record ConnectionLimits(int most, Duration firstRequest, Duration idle) {
  /** The real kubelet's times. It has no bound on the number, but every one needs memory. */
  public static final ConnectionLimits DEFAULT =
      new ConnectionLimits(1024, Duration.ofSeconds(32), Duration.ofSeconds(90));

  public ConnectionLimits {
    if (most < 1 || !firstRequest.isPositive() || !idle.isPositive()) {
      throw new IllegalArgumentException("connections need a number and times above zero");
    }
  }
}
