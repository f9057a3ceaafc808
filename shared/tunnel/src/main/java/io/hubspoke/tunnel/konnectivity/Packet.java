package io.hubspoke.tunnel.konnectivity;

import io.vertx.core.buffer.Buffer;

/** A message of either stream of Konnectivity; most belong to one tunnelled connection. */
public sealed interface Packet {

  /**
   * Asks for a connection.
   *
   * @param random chosen by who asks, to know the answer by
   */
  record DialRequest(String protocol, String address, long random) implements Packet {}

  /**
   * Answers a {@link DialRequest}.
   *
   * @param error empty when it is connected
   * @param connectId of the connection from now on, chosen by the agent
   */
  record DialResponse(String error, long connectId, long random) implements Packet {}

  /** Asks to end a connection, both ways. */
  record CloseRequest(long connectId) implements Packet {}

  /** Says that a connection has ended. */
  record CloseResponse(String error, long connectId) implements Packet {}

  /** Bytes of a connection. */
  record Data(long connectId, String error, Buffer bytes) implements Packet {}

  /** Gives up a dial that has no answer yet. */
  record CloseDial(long random) implements Packet {}

  /** An agent wants no further dials. */
  record Drain() implements Packet {}

  /**
   * Lets the other end send as many more bytes on a connection. Only ends that have agreed on it in
   * metadata send it; it is not of the published protocol.
   */
  record Credit(long connectId, long bytes) implements Packet {}
}
