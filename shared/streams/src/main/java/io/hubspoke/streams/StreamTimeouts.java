package io.hubspoke.streams;

import java.time.Duration;

/**
 * How long a server of streams waits.
 *
 * @param creation for the streams that the client has to open
 * @param idle for any byte on the connection; zero waits for ever
 */
public record StreamTimeouts(Duration creation, Duration idle) {

  /** What a kubelet has: 30 seconds, and {@code --streaming-connection-idle-timeout}'s 4 hours. */
  public static final StreamTimeouts DEFAULT =
      new StreamTimeouts(Duration.ofSeconds(30), Duration.ofHours(4));
}
