package io.hubspoke.lab.wire;

/** Which way bytes cross the wire, seen from who opened the connection. */
public enum Direction {
  /** From the side that opened the connection. */
  OUTBOUND,
  /** Towards the side that opened the connection. */
  INBOUND
}
