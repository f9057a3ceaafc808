package io.hubspoke.lab.wire;

import io.vertx.core.net.SocketAddress;
import java.nio.charset.StandardCharsets;

/** What an interceptor does to the traffic that it reads. */
public sealed interface Alteration {
  /** Hands everything on as it came. */
  record None() implements Alteration {}

  /** Replaces a text by another of the same length, so that no length field or frame is wrong. */
  record Replace(String text, String by) implements Alteration {
    public Replace {
      if (text.isEmpty() || bytes(text).length != bytes(by).length) {
        throw new IllegalArgumentException(
            "a text and its replacement must have the same length: '" + text + "', '" + by + "'");
      }
    }
  }

  /**
   * Answers an HTTP/1.1 request in the server's place, once the server has answered. The way of an
   * interceptor whom the server itself turns away, since it asks its clients for a certificate.
   */
  record Answer(String body) implements Alteration {}

  /**
   * Hands the connection, without its TLS, to a server of the interceptor's own in the true one's
   * place: where a conversation has to be held to take its opener in.
   */
  record Impersonate(SocketAddress impostor) implements Alteration {}

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
