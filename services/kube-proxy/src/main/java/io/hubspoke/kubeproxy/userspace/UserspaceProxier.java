package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.api.AddressRange;
import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.kubeproxy.ProxierFactory.Surroundings;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.userspace.Entrances.Entrance;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards connections in this process: it listens on the addresses of services, as far as they can
 * be bound, and joins each connection with one to an endpoint. TCP only.
 */
public final class UserspaceProxier implements Proxier {
  private static final Logger LOG = LoggerFactory.getLogger(UserspaceProxier.class);

  /** Half of what the files of a process usually allow, since each takes two. */
  private static final int MOST_CONNECTIONS = 8192;

  private static final Duration BETWEEN_REFUSALS = Duration.ofSeconds(10);

  private final Surroundings surroundings;
  private final ServiceListeners listeners;
  private final NodePortAddresses nodePortAddresses;
  private final List<AddressRange> pods;
  private final BoundAddresses bound;
  private final Shares shares;
  private final Drops drops = new Drops();
  private final AtomicLong lastRefusalTold =
      new AtomicLong(System.nanoTime() - 2 * BETWEEN_REFUSALS.toNanos());

  // Touched by apply and stop only, which never overlap.
  private final Map<ServicePortName, Front> fronts = new HashMap<>();
  private final Set<ServicePortName> refused = new HashSet<>();
  private final Set<String> problems = new HashSet<>();

  /** Where a connection to an address goes; read by event loops. */
  private final Map<InetSocketAddress, Entrance> entrances = new ConcurrentHashMap<>();

  /** The ports that every node listens on. */
  private volatile Set<Integer> nodePorts = Set.of();

  /** Makes one that binds with these listeners, which end with it. */
  public UserspaceProxier(Surroundings surroundings, ServiceListeners listeners) {
    this(surroundings, listeners, MOST_CONNECTIONS);
  }

  UserspaceProxier(Surroundings surroundings, ServiceListeners listeners, int mostConnections) {
    this.surroundings = surroundings;
    this.listeners = listeners;
    this.nodePortAddresses = new NodePortAddresses(surroundings.options().nodePortAddresses());
    this.pods =
        surroundings.options().clusterCidr().isEmpty()
            ? List.of()
            : List.of(AddressRange.parse(surroundings.options().clusterCidr()));
    this.bound = new BoundAddresses(surroundings, listeners, this::accept);
    this.shares = new Shares(mostConnections);
  }

  @Override
  public String mode() {
    return ProxyMode.USERSPACE.value();
  }

  /** Has nothing to take away: what a process listens on ends with it. */
  @Override
  public Future<Void> start() {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> apply(List<ServiceRule> rules) {
    var now = new HashSet<ServicePortName>();
    var unsupported = new HashSet<ServicePortName>();
    var gone = new ArrayList<ForwardedConnection>();
    var forwarding = new ArrayList<Front>();
    for (var rule : rules) {
      if (!forwards(rule)) {
        unsupported.add(rule.name());
        continue;
      }
      now.add(rule.name());
      var front = fronts.get(rule.name());
      if (front == null) {
        front = new Front(rule);
        fronts.put(rule.name(), front);
      } else if (!front.rule().equals(rule)) {
        gone.addAll(front.become(rule));
      }
      forwarding.add(front);
    }
    var addresses = nodePortAddresses.of(surroundings.nodeAddresses().get());
    var entering = new Entrances(rules, forwarding, addresses);
    entrances.keySet().retainAll(entering.all().keySet());
    entrances.putAll(entering.all());
    nodePorts = entering.nodePorts();
    problems.retainAll(entering.problems());
    entering.problems().stream().filter(problems::add).forEach(what -> LOG.warn("{}", what));
    fronts
        .entrySet()
        .removeIf(
            known -> {
              if (now.contains(known.getKey())) {
                return false;
              }
              gone.addAll(known.getValue().close());
              return true;
            });
    refused.retainAll(unsupported);
    gone.forEach(ForwardedConnection::reset);
    return bound.become(entering.services());
  }

  private boolean forwards(ServiceRule rule) {
    if (rule.name().protocol() == Protocol.TCP) {
      return true;
    }
    if (refused.add(rule.name())) {
      surroundings
          .warnings()
          .warn(
              rule.name(),
              "ProtocolNotSupported",
              "port %s of %s is not forwarded: the mode userspace of kube-proxy forwards TCP alone"
                  .formatted(rule.port() + "/" + rule.name().protocol(), rule.name()));
    }
    return false;
  }

  private void accept(InetSocketAddress at, ClientConnection connection) {
    var entrance = entrances.get(at);
    var peer = connection.remoteAddress();
    if (entrance == null || peer == null) {
      connection.reset();
      return;
    }
    var front = entrance.front();
    var inside =
        !entrance.external() || (front.rule().externalLocal() && isInside(peer.getAddress()));
    if (front.destinations(inside).elsewhere()) {
      drops.drop(connection);
      return;
    }
    var from = peer.getAddress();
    if (!shares.take(from)) {
      refusedOne(from, at);
      connection.reset();
      return;
    }
    var forwarded =
        new ForwardedConnection(
            connection, front, inside, source(), target -> mayGoRound(entrance, target));
    connection.onEnd(
        () -> {
          shares.give(from);
          front.remove(forwarded);
        });
    if (front.add(forwarded)) {
      forwarded.start();
    } else {
      forwarded.reset();
    }
  }

  /** Tells of refused connections now and then: who causes them could fill a disk otherwise. */
  private void refusedOne(InetAddress from, InetSocketAddress at) {
    var now = System.nanoTime();
    var last = lastRefusalTold.get();
    if (now - last > BETWEEN_REFUSALS.toNanos() && lastRefusalTold.compareAndSet(last, now)) {
      LOG.warn(
          "{} connections are open, as many of them from {} as it may have: another one to {} is"
              + " refused",
          shares.open(),
          from.getHostAddress(),
          at);
    }
  }

  /**
   * What arrives at a node port may not go on to another node's, which could send it back: unlike a
   * packet, a connection has no time to live. Pods may listen on any port.
   */
  private boolean mayGoRound(Entrance entrance, InetSocketAddress target) {
    return entrances.containsKey(target)
        || (entrance.external()
            && nodePorts.contains(target.getPort())
            && !pods.isEmpty()
            && !isPod(target.getAddress()));
  }

  private boolean isPod(InetAddress address) {
    return pods.stream().anyMatch(range -> range.contains(address));
  }

  /** A pod, or the node itself, doesn't leave the cluster to reach a service by another address. */
  private boolean isInside(InetAddress peer) {
    return isPod(peer) || surroundings.nodeAddresses().get().contains(peer);
  }

  /** The node's own address, so that endpoints see which node a connection comes from. */
  private InetAddress source() {
    var addresses = surroundings.nodeAddresses().get();
    return addresses.isEmpty() ? null : addresses.getFirst();
  }

  @Override
  public Future<Void> stop() {
    var gone = new ArrayList<ForwardedConnection>();
    fronts.values().forEach(front -> gone.addAll(front.close()));
    fronts.clear();
    entrances.clear();
    gone.forEach(ForwardedConnection::reset);
    return bound.stop().eventually(listeners::close);
  }
}
