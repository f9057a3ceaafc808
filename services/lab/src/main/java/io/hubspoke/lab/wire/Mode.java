package io.hubspoke.lab.wire;

import io.vertx.core.net.SocketAddress;
import java.time.Duration;

/** What a wire does with the bytes that cross it. */
public sealed interface Mode {
  /** Relays and leaves no trace. */
  record Forward() implements Mode {}

  /** Relays and copies the bytes of both directions into a recording. */
  record Tap(Recording recording) implements Mode {}

  /** Ends TLS with a foreign certificate, and speaks to the true server itself. */
  record Intercept(Interceptor interceptor) implements Mode {}

  /** Relays each piece after a delay, in order, one piece in flight per direction. */
  record Delay(Duration by) implements Mode {}

  /** Relays to another server in the true one's place, which speaks for itself. */
  record Divert(SocketAddress impostor) implements Mode {}

  /** Lets nothing through; connections that are open are cut as well. */
  record Cut(How how) implements Mode {
    /** The three ways in which a path fails. */
    public enum How {
      /** Nothing listens: a connection attempt is refused by the kernel; open ones are reset. */
      REFUSE,
      /** A connection is accepted and reset; open ones are reset. */
      RESET,
      /** Bytes are neither read nor answered; open connections freeze until the mode changes. */
      BLACK_HOLE
    }
  }

  /** Relays untouched. */
  static Mode forward() {
    return new Forward();
  }
}
