package io.hubspoke.lab.wire;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What became of one connection that an interceptor took. */
public final class Interception {
  private static final int EXCERPT_LIMIT = 64 * 1024;

  /** How far the interceptor got. */
  public sealed interface Outcome {
    /** The handshake has not ended. */
    record Pending() implements Outcome {}

    /**
     * The client refused the foreign certificate; the reason is its TLS alert where it sent one.
     */
    record Refused(String reason) implements Outcome {}

    /** The client accepted the foreign certificate. */
    record Accepted() implements Outcome {}

    /** The true server could not be reached, so nothing was tried. */
    record ServerUnreachable(String reason) implements Outcome {}
  }

  private final Crossing crossing;
  private final ByteArrayOutputStream read = new ByteArrayOutputStream();
  private final ByteArrayOutputStream answered = new ByteArrayOutputStream();
  private Outcome outcome = new Outcome.Pending();
  private String clientCertificate;
  private long clientBytes;
  private int alterations;

  Interception(Crossing crossing) {
    this.crossing = crossing;
  }

  /** Who opened the connection. */
  public Crossing crossing() {
    return crossing;
  }

  /** How far the interceptor got. */
  public synchronized Outcome outcome() {
    return outcome;
  }

  /** The subject of the certificate that the client presented to the interceptor. */
  public synchronized Optional<String> clientCertificate() {
    return Optional.ofNullable(clientCertificate);
  }

  /** The number of application bytes that the interceptor read from the client. */
  public synchronized long clientBytes() {
    return clientBytes;
  }

  /** The number of places where the interceptor changed the traffic. */
  public synchronized int alterations() {
    return alterations;
  }

  /** The beginning of what the interceptor read from the client. */
  public synchronized String read() {
    return read.toString(StandardCharsets.UTF_8);
  }

  /** The beginning of what the true server answered to the interceptor. */
  public synchronized String answered() {
    return answered.toString(StandardCharsets.UTF_8);
  }

  synchronized void outcome(Outcome next) {
    outcome = next;
  }

  synchronized void accepted(String certificate) {
    outcome = new Outcome.Accepted();
    clientCertificate = certificate;
  }

  synchronized void altered() {
    alterations++;
  }

  synchronized void saw(Direction direction, ByteBuf bytes) {
    ByteArrayOutputStream excerpt =
        switch (direction) {
          case OUTBOUND -> {
            clientBytes += bytes.readableBytes();
            yield read;
          }
          case INBOUND -> answered;
        };
    var room = Math.min(bytes.readableBytes(), EXCERPT_LIMIT - excerpt.size());
    if (room > 0) {
      var copy = new byte[room];
      bytes.getBytes(bytes.readerIndex(), copy);
      excerpt.writeBytes(copy);
    }
  }
}
