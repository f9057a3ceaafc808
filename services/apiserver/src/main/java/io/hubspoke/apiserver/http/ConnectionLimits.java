package io.hubspoke.apiserver.http;

import java.time.Duration;

/**
 * Bounds what connections may cost.
 *
 * @param most connections at a time, of all clients together
 * @param handshake how long a TLS handshake may take, which comes before the first request
 * @param firstRequest within what time a new connection must have made a whole request head
 * @param idle how long a connection may stay without a request (Go's {@code IdleTimeout})
 * @param ping how often an HTTP/2 peer with requests under way is asked whether it is there
 */
public record ConnectionLimits(
    int most, Duration handshake, Duration firstRequest, Duration idle, Duration ping) {
  /** The real apiserver's, where it has any. */
  public static final ConnectionLimits DEFAULT =
      new ConnectionLimits(
          16_384,
          Duration.ofSeconds(10),
          Duration.ofSeconds(32),
          Duration.ofSeconds(90),
          Duration.ofSeconds(30));
}
