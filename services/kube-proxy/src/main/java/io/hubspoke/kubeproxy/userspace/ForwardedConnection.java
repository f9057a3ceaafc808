package io.hubspoke.kubeproxy.userspace;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection of a client, on its way to an endpoint and then joined with one to it. */
final class ForwardedConnection {
  private static final Logger LOG = LoggerFactory.getLogger(ForwardedConnection.class);

  /** How long each attempt may take; the next goes to the next endpoint. */
  private static final int[] DIAL_MILLIS = {250, 500, 1000, 2000};

  private final ClientConnection client;
  private final Front front;
  private final boolean inside;
  private final InetSocketAddress source;
  private final Predicate<InetSocketAddress> services;
  private volatile Target target;

  /**
   * Takes a connection over.
   *
   * @param inside whether it goes where connections from inside the cluster do
   * @param source where the connection to the endpoint comes from; null for any
   * @param services tells addresses that connections are forwarded from, to which this one may not
   *     lead
   */
  ForwardedConnection(
      ClientConnection client,
      Front front,
      boolean inside,
      InetAddress source,
      Predicate<InetSocketAddress> services) {
    this.client = client;
    this.front = front;
    this.inside = inside;
    this.services = services;
    this.source = source == null ? null : new InetSocketAddress(source, 0);
  }

  /** Returns the endpoint that it leads to, or null while there is none. */
  Target target() {
    return target;
  }

  /** Hears where it goes. */
  void leadTo(Target chosen) {
    target = chosen;
  }

  /** Connects; on the client's thread. */
  void start() {
    dial(0);
  }

  private void dial(int attempt) {
    var peer = client.remoteAddress().getAddress();
    if (attempt == DIAL_MILLIS.length || !front.lead(this, inside, peer)) {
      reset();
      return;
    }
    var address = target.address();
    if (services.test(address)) {
      LOG.warn(
          "{}: {} is an address of a service, so a connection to it is refused: it might go round",
          front.rule().name(),
          address);
      reset();
      return;
    }
    client.forward(
        address,
        source,
        DIAL_MILLIS[attempt],
        () -> {
          front.failed(peer);
          dial(attempt + 1);
        });
  }

  /** Ends both sides with a reset, since nobody has said all that was to be said. */
  void reset() {
    client.reset();
  }
}
