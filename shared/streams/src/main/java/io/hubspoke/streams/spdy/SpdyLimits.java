package io.hubspoke.streams.spdy;

/**
 * What a peer may cost.
 *
 * @param streams how many it may have open at a time; more are refused
 * @param buffered bytes that a stream holds for its reader before the connection is no longer read
 */
public record SpdyLimits(int streams, int buffered) {

  /** Room for some hundred connections of a port-forward, two streams each. */
  public static final SpdyLimits DEFAULT = new SpdyLimits(2048, 128 << 10);
}
