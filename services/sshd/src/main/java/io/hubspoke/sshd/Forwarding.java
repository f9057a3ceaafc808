package io.hubspoke.sshd;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.SocketDuplex;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.session.Session;

/** Connects clients' channels to what they may reach. */
final class Forwarding {
  private final Vertx vertx;
  private final SshdOptions options;
  private final SshdMetrics metrics;
  private final NetClient client;
  private final Map<Session, AtomicInteger> channels = new ConcurrentHashMap<>();
  private final Set<Duplex> targets = ConcurrentHashMap.newKeySet();

  Forwarding(Vertx vertx, SshdOptions options, SshdMetrics metrics) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.options = options;
    NetClientOptions dialling =
        new NetClientOptions()
            .setTcpNoDelay(true)
            .setConnectTimeout(Math.toIntExact(options.limits().connectTimeout().toMillis()));
    if (options.sourceAddress() != null) {
      dialling.setLocalAddress(options.sourceAddress());
    }
    this.client = vertx.createNetClient(dialling);
  }

  /** Returns what makes channels of the one kind that there is. */
  ChannelFactory channels() {
    return new ChannelFactory() {
      @Override
      public String getName() {
        return "direct-tcpip";
      }

      @Override
      public Channel createChannel(Session session) {
        return new ForwardedChannel(Forwarding.this);
      }
    };
  }

  /** Says that something may not be reached, whether it is there or not. */
  static final class ProhibitedException extends IOException {
    private static final long serialVersionUID = 1L;

    ProhibitedException(String message) {
      super(message);
    }
  }

  /** Counts a channel of a connection; returns false when there are too many. */
  boolean enter(Session session) {
    int count =
        channels
            .computeIfAbsent(
                session,
                first -> {
                  session.addCloseFutureListener(closed -> channels.remove(session));
                  return new AtomicInteger();
                })
            .incrementAndGet();
    if (count > options.limits().maxChannels()) {
      leave(session);
      return false;
    }
    return true;
  }

  void leave(Session session) {
    AtomicInteger count = channels.get(session);
    if (count != null) {
      count.decrementAndGet();
    }
  }

  /** Connects, to the very address that was judged: a name may change its mind in between. */
  Future<Duplex> connect(String host, int port) {
    return permitted(host, port)
        .onSuccess(target -> metrics.dialled(SshdMetrics.Dial.CONNECTED))
        .onFailure(
            why ->
                metrics.dialled(
                    why instanceof ProhibitedException
                        ? SshdMetrics.Dial.PROHIBITED
                        : SshdMetrics.Dial.FAILED));
  }

  private Future<Duplex> permitted(String host, int port) {
    if (port < 1 || port > 65535) {
      return Future.failedFuture(new ProhibitedException("there is no port " + port));
    }
    return resolve(host)
        .compose(
            address ->
                options.permitOpen().stream().anyMatch(range -> range.contains(address))
                    ? SocketDuplex.connect(
                            vertx,
                            client,
                            SocketAddress.inetSocketAddress(port, address.getHostAddress()))
                        .onSuccess(this::connected)
                    : Future.failedFuture(
                        new ProhibitedException(host + " is not an address of this node")));
  }

  private void connected(Duplex target) {
    targets.add(target);
    target.closed().onComplete(ended -> targets.remove(target));
  }

  /** Returns how many connections to targets are open. */
  int connections() {
    return targets.size();
  }

  /** Returns a context of the event loop that calls. */
  ContextInternal context() {
    return ((VertxInternal) vertx).getOrCreateContext();
  }

  private Future<InetAddress> resolve(String host) {
    try {
      return Future.succeededFuture(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException name) {
      return vertx.executeBlocking(() -> InetAddress.getByName(host), false);
    }
  }

  /** Returns how many clients have had a connection to a target. */
  int clients() {
    return channels.size();
  }

  Future<Void> close() {
    // What a target hasn't taken yet, the client would wait for.
    targets.forEach(target -> target.reset().otherwiseEmpty());
    return client.close();
  }
}
