package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.streams.upgrade.Splice;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection of a client, on its way to an endpoint and then joined with one to it. */
final class ForwardedConnection {
  private static final Logger LOG = LoggerFactory.getLogger(ForwardedConnection.class);

  /** How long each attempt may take; the next goes to the next endpoint. */
  private static final int[] DIAL_MILLIS = {250, 500, 1000, 2000};

  /** Half-closed connections live this long, as those that kube-proxy lets the kernel track. */
  private static final Duration STANDSTILL = Duration.ofHours(1);

  private final SocketChannel client;
  private final Front front;
  private final boolean inside;
  private final InetSocketAddress source;
  private final Predicate<InetSocketAddress> services;
  private volatile Target target;
  private volatile Channel endpoint;
  private volatile KernelSplice spliced;
  private volatile boolean ended;

  /**
   * Takes a connection over.
   *
   * @param inside whether it goes where connections from inside the cluster do
   * @param source where the connection to the endpoint comes from; null for any
   * @param services tells addresses that connections are forwarded from, to which this one may not
   *     lead
   */
  ForwardedConnection(
      SocketChannel client,
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

  /** Runs an action once the client's connection has ended. */
  void onEnd(Runnable action) {
    client.closeFuture().addListener(closed -> action.run());
  }

  /** Hears where it goes. */
  void leadTo(Target chosen) {
    target = chosen;
  }

  /** Connects; on the client's event loop. */
  void start() {
    dial(0);
  }

  private void dial(int attempt) {
    var peer = client.remoteAddress();
    if (ended
        || peer == null
        || attempt == DIAL_MILLIS.length
        || !front.lead(this, inside, peer.getAddress())) {
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
    var dialling =
        EventLoops.client(client)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, DIAL_MILLIS[attempt])
            .connect(address, source);
    dialling.addListener(
        (ChannelFuture dialled) -> {
          if (!dialled.isSuccess()) {
            front.failed(peer.getAddress());
            dial(attempt + 1);
          } else if (ended || !client.isOpen()) {
            EventLoops.reset(dialled.channel());
            reset();
          } else {
            join(dialled.channel());
          }
        });
  }

  private void join(Channel connected) {
    endpoint = connected;
    if (client instanceof EpollSocketChannel one && connected instanceof EpollSocketChannel other) {
      spliced = KernelSplice.join(one, other, STANDSTILL, this::copy);
    }
    if (spliced == null) {
      copy();
    } else if (ended) {
      reset();
    }
  }

  private void copy() {
    spliced = null;
    var unused = Splice.join(client, endpoint, STANDSTILL);
    EarlyBytes.release(client);
    EarlyBytes.release(endpoint);
    if (ended) {
      reset();
    }
  }

  /** Ends both sides with a reset, since nobody has said all that was to be said. */
  void reset() {
    ended = true;
    var joined = spliced;
    if (joined != null) {
      joined.reset();
      return;
    }
    EventLoops.reset(client);
    var other = endpoint;
    if (other != null) {
      EventLoops.reset(other);
    }
  }
}
