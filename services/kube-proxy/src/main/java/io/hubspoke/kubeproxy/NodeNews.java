package io.hubspoke.kubeproxy;

import io.fabric8.kubernetes.api.model.Node;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Follows the Node object: its addresses, its zone, and whether it is about to go. */
final class NodeNews implements Informer.Handler<Node> {
  private static final String ZONE = "topology.kubernetes.io/zone";

  /** Set by the cluster autoscaler on a node that it is about to delete. */
  private static final String TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler";

  /**
   * What matters of a node.
   *
   * @param zone empty for none
   * @param eligible whether load balancers may send it new connections
   */
  record State(List<InetAddress> addresses, String zone, boolean eligible) {
    State {
      addresses = List.copyOf(addresses);
    }
  }

  private final Consumer<State> changed;
  private volatile State state = new State(List.of(), "", true);

  NodeNews(Consumer<State> changed) {
    this.changed = changed;
  }

  State state() {
    return state;
  }

  @Override
  public void added(Item<Node> item) {
    become(of(item.object()));
  }

  @Override
  public void updated(Item<Node> before, Item<Node> now) {
    become(of(now.object()));
  }

  @Override
  public void deleted(Item<Node> last) {
    // The machine is still there, and so are its addresses.
    become(new State(state.addresses(), state.zone(), false));
  }

  private void become(State now) {
    if (!now.equals(state)) {
      state = now;
      changed.accept(now);
    }
  }

  private static State of(Node node) {
    var labels = node.getMetadata().getLabels();
    var going =
        node.getMetadata().getDeletionTimestamp() != null
            || (node.getSpec() != null
                && node.getSpec().getTaints() != null
                && node.getSpec().getTaints().stream()
                    .anyMatch(taint -> TO_BE_DELETED.equals(taint.getKey())));
    return new State(addresses(node), labels == null ? "" : labels.getOrDefault(ZONE, ""), !going);
  }

  /** The internal ones, as kubelets dial each other's; the external ones where there are none. */
  private static List<InetAddress> addresses(Node node) {
    var internal = addresses(node, "InternalIP");
    return internal.isEmpty() ? addresses(node, "ExternalIP") : internal;
  }

  private static List<InetAddress> addresses(Node node, String type) {
    if (node.getStatus() == null || node.getStatus().getAddresses() == null) {
      return List.of();
    }
    return node.getStatus().getAddresses().stream()
        .filter(address -> type.equals(address.getType()))
        .flatMap(address -> literal(address.getAddress()).stream())
        .toList();
  }

  /** A node may write what it likes; a name is of no use here. */
  private static Optional<InetAddress> literal(String address) {
    try {
      return Optional.of(InetAddress.ofLiteral(address));
    } catch (IllegalArgumentException notAnAddress) {
      return Optional.empty();
    }
  }
}
