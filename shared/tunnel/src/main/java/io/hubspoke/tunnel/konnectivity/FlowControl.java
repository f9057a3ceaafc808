package io.hubspoke.tunnel.konnectivity;

import java.time.Duration;

/**
 * How the connections of one packet stream are held back. The published protocol has nothing for
 * it: a reader that stops holds up all connections of the stream.
 */
public sealed interface FlowControl {
  /** Bytes of a connection that may wait for its reader. */
  int WINDOW = 1 << 20;

  /**
   * HTTP/2's setting by which a server says that a client's call may have many connections, each of
   * which may have so many bytes under way at first. It is of those for experiments, which others
   * ignore (RFC 9113 section 6.5.2).
   */
  int SETTING = 0xf0b5;

  /** How long a connection to a foreign end may hold up the others, each time. */
  Duration PATIENCE = Duration.ofSeconds(1);

  /**
   * Each connection by itself, by {@link Packet.Credit}: both ends know of it.
   *
   * @param send bytes of a connection that the other end takes before it gives credit
   * @param receive bytes of a connection that this end takes before it gives credit
   */
  record Credits(int send, int receive) implements FlowControl {}

  /**
   * Towards a foreign end. A connection with more than this many bytes for its reader holds up the
   * stream, so that a reader that is merely slow is served; when it has not read half of it in time
   * it is ended, and the others go on.
   */
  record Bounded(int bytes, Duration patience) implements FlowControl {}

  /** The stream is for one connection only, and is held back as a whole. */
  record OfStream() implements FlowControl {}

  /**
   * Returns what holds between this end, which has announced {@link #WINDOW}, and another.
   *
   * @param announced by the other end in {@link Metadata#FLOW_CONTROL}; null when it has not
   */
  static FlowControl agreed(String announced) {
    try {
      int send = announced == null ? 0 : Integer.parseInt(announced.trim());
      return send > 0 ? new Credits(send, WINDOW) : new Bounded(WINDOW, PATIENCE);
    } catch (NumberFormatException e) {
      return new Bounded(WINDOW, PATIENCE);
    }
  }
}
