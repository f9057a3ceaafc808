package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.Node;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Remembers which node was first to report an address as its own.
 *
 * <p>A kubelet writes its node's addresses itself, so that one alone proves nothing; but of several
 * nodes with the same one at most the first can be right. Nodes come in the order in which the
 * apiserver took their changes. Which was first among those that were there at the start can't be
 * known: then none of them counts as first.
 */
public final class NodeAddressClaims implements Informer.Handler<Node> {
  /** When those claimed that were there at the start. */
  private static final long START = 0;

  private final BooleanSupplier started;
  private final Map<String, Map<InetAddress, Long>> claims = new HashMap<>();
  private long last = START;

  /**
   * @param started tells whether all nodes that were there at the start are known
   */
  public NodeAddressClaims(BooleanSupplier started) {
    this.started = started;
  }

  @Override
  public void added(Item<Node> node) {
    claim(node);
  }

  @Override
  public void updated(Item<Node> before, Item<Node> now) {
    claim(now);
  }

  @Override
  public synchronized void deleted(Item<Node> node) {
    claims.remove(node.key().name());
  }

  boolean areComplete() {
    return started.getAsBoolean();
  }

  synchronized boolean knows(String node) {
    return claims.containsKey(node);
  }

  /** Returns the addresses that a node reports. */
  synchronized Set<InetAddress> of(String node) {
    return Set.copyOf(claims.getOrDefault(node, Map.of()).keySet());
  }

  /** Finds another node that may have the better claim to an address of this one. */
  synchronized Optional<String> rival(String node, InetAddress address) {
    long own = claims.getOrDefault(node, Map.of()).getOrDefault(address, Long.MAX_VALUE);
    return claims.entrySet().stream()
        .filter(claim -> !claim.getKey().equals(node))
        .filter(claim -> claim.getValue().containsKey(address))
        .filter(claim -> claim.getValue().get(address) <= own)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  private synchronized void claim(Item<Node> node) {
    long now = started.getAsBoolean() ? ++last : START;
    var before = claims.getOrDefault(node.key().name(), Map.of());
    var claimed = new HashMap<InetAddress, Long>();
    var status = node.object().getStatus();
    if (status != null && status.getAddresses() != null) {
      for (var address : status.getAddresses()) {
        switch (String.valueOf(address.getType())) {
          case "InternalIP", "ExternalIP" ->
              literal(address.getAddress())
                  .ifPresent(ip -> claimed.put(ip, before.getOrDefault(ip, now)));
          default -> {}
        }
      }
    }
    claims.put(node.key().name(), claimed);
  }

  /** What a node reports as its address is anything until it is checked. */
  private static Optional<InetAddress> literal(String address) {
    try {
      return address == null ? Optional.empty() : Optional.of(InetAddress.ofLiteral(address));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
