package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.api.AddressRange;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The listening sockets of several nodes that share one network namespace. In a real cluster each
 * node's kernel catches what that node's own processes send to a service; here an address is bound
 * once, and a connection is handed to the proxy of the node that it comes from. What comes from no
 * node goes to any proxy.
 */
public final class SharedListeners {
  private final ServiceListeners sockets;
  private final Map<String, OfNode> nodes = new LinkedHashMap<>();
  private final Map<InetSocketAddress, Address> addresses = new LinkedHashMap<>();

  /** What is being closed is not free yet for who listens there next. */
  private final Map<InetSocketAddress, Future<Void>> closing = new HashMap<>();

  /** An address with those who listen on it, which is bound while there is one. */
  private static final class Address {
    private final Map<OfNode, ServiceListeners.Acceptor> acceptors = new LinkedHashMap<>();
    private Future<ServiceListeners.Listening> bound;
    private int turn;
  }

  /** Shares what these bind. */
  public SharedListeners(ServiceListeners sockets) {
    this.sockets = sockets;
  }

  /**
   * Returns the listeners of one node. They are closed with its proxy; the node's connections are
   * refused from then on, until the next proxy of the node listens.
   *
   * @param sources addresses that the node and its pods connect from
   */
  public ServiceListeners of(String node, List<AddressRange> sources) {
    synchronized (nodes) {
      var listeners = new OfNode(List.copyOf(sources));
      // Another node had these addresses before, and is gone; it would go on to take connections.
      nodes
          .values()
          .removeIf(other -> other.sources.equals(listeners.sources) && of(other).isEmpty());
      nodes.put(node, listeners);
      return listeners;
    }
  }

  /** Listens nowhere any more. */
  public Future<Void> close() {
    return sockets.close();
  }

  private final class OfNode implements ServiceListeners {
    private final List<AddressRange> sources;

    OfNode(List<AddressRange> sources) {
      this.sources = sources;
    }

    boolean isSource(InetAddress peer) {
      return sources.stream().anyMatch(range -> range.contains(peer));
    }

    @Override
    public Future<Listening> listen(InetSocketAddress at, Acceptor acceptor) {
      return add(this, at, acceptor).map(bound -> () -> remove(this, at));
    }

    @Override
    public Future<Void> close() {
      var closing = new ArrayList<Future<Void>>();
      for (var at : of(this)) {
        closing.add(remove(this, at));
      }
      return Future.join(closing).mapEmpty();
    }
  }

  private Future<ServiceListeners.Listening> add(
      OfNode node, InetSocketAddress at, ServiceListeners.Acceptor acceptor) {
    Address address;
    synchronized (nodes) {
      address = addresses.computeIfAbsent(at, a -> new Address());
      address.acceptors.put(node, acceptor);
      if (address.bound == null) {
        address.bound =
            closing
                .getOrDefault(at, Future.succeededFuture())
                .compose(free -> sockets.listen(at, connection -> accept(at, connection)));
      }
    }
    return address.bound.onFailure(e -> forget(node, at));
  }

  private void forget(OfNode node, InetSocketAddress at) {
    synchronized (nodes) {
      var address = addresses.get(at);
      if (address != null && address.bound.failed()) {
        address.acceptors.remove(node);
        addresses.remove(at);
      }
    }
  }

  private Future<Void> remove(OfNode node, InetSocketAddress at) {
    synchronized (nodes) {
      var address = addresses.get(at);
      if (address == null
          || address.acceptors.remove(node) == null
          || !address.acceptors.isEmpty()) {
        return Future.succeededFuture();
      }
      addresses.remove(at);
      var closed = address.bound.compose(ServiceListeners.Listening::close).otherwiseEmpty();
      closing.put(at, closed);
      return closed.onComplete(done -> freed(at, closed));
    }
  }

  private void freed(InetSocketAddress at, Future<Void> closed) {
    synchronized (nodes) {
      closing.remove(at, closed);
    }
  }

  private List<InetSocketAddress> of(OfNode node) {
    synchronized (nodes) {
      return addresses.entrySet().stream()
          .filter(entry -> entry.getValue().acceptors.containsKey(node))
          .map(Map.Entry::getKey)
          .toList();
    }
  }

  private void accept(InetSocketAddress at, ClientConnection connection) {
    var acceptor = acceptor(at, connection.remoteAddress());
    if (acceptor == null) {
      connection.reset();
    } else {
      acceptor.accept(connection);
    }
  }

  /** Returns null when the peer's node has no proxy that listens there. */
  private ServiceListeners.Acceptor acceptor(InetSocketAddress at, InetSocketAddress peer) {
    synchronized (nodes) {
      var address = addresses.get(at);
      if (address == null || peer == null) {
        return null;
      }
      for (var node : nodes.values()) {
        if (node.isSource(peer.getAddress())) {
          return address.acceptors.get(node);
        }
      }
      var any = List.copyOf(address.acceptors.values());
      return any.get(address.turn++ % any.size());
    }
  }
}
