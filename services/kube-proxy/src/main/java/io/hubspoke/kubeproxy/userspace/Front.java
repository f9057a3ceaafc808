package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A port of a service: chooses an endpoint for each connection, and knows those that are open. */
final class Front {
  private final Affinity affinity = new Affinity();
  private final Set<ForwardedConnection> connections = new HashSet<>();
  private ServiceRule rule;
  private int turn;
  private boolean closed;

  Front(ServiceRule rule) {
    this.rule = rule;
  }

  synchronized ServiceRule rule() {
    return rule;
  }

  /**
   * Goes by another rule, and returns the connections whose endpoint is gone. One that only gets
   * nothing new any more keeps what it has.
   */
  synchronized List<ForwardedConnection> become(ServiceRule now) {
    if (now.affinity().isZero()) {
      affinity.clear();
    }
    rule = now;
    var there = new HashSet<Target>();
    for (var endpoints :
        List.of(now.internal().endpoints(), now.external().endpoints(), now.draining())) {
      endpoints.forEach(endpoint -> there.add(Target.of(endpoint)));
    }
    return connections.stream()
        .filter(connection -> connection.target() != null && !there.contains(connection.target()))
        .toList();
  }

  /** Ends, and returns the connections that are open. */
  synchronized List<ForwardedConnection> close() {
    closed = true;
    return new ArrayList<>(connections);
  }

  /** Remembers a connection until it is removed; false when there is nothing to forward. */
  synchronized boolean add(ForwardedConnection connection) {
    return !closed && connections.add(connection);
  }

  synchronized void remove(ForwardedConnection connection) {
    connections.remove(connection);
  }

  /**
   * Chooses where a connection goes and tells it; false when there is nowhere.
   *
   * @param inside whether it goes where connections from inside the cluster do
   */
  synchronized boolean lead(ForwardedConnection connection, boolean inside, InetAddress client) {
    var chosen = choose(inside, client);
    if (chosen == null || closed) {
      return false;
    }
    connection.leadTo(Target.of(chosen));
    return true;
  }

  private Endpoint choose(boolean inside, InetAddress client) {
    var endpoints = destinations(inside).endpoints();
    if (endpoints.isEmpty()) {
      return null;
    }
    if (rule.affinity().isZero()) {
      return next(endpoints);
    }
    var now = System.nanoTime();
    var before = affinity.of(client, rule.affinity(), now);
    var chosen = before != null && endpoints.contains(before) ? before : next(endpoints);
    affinity.led(client, chosen, now);
    return chosen;
  }

  /** Chooses anew next time, since the endpoint that was chosen doesn't answer. */
  synchronized void failed(InetAddress client) {
    affinity.forget(client);
  }

  synchronized Destinations destinations(boolean inside) {
    return inside ? rule.internal() : rule.external();
  }

  private Endpoint next(List<Endpoint> endpoints) {
    turn = (turn + 1) & Integer.MAX_VALUE;
    return endpoints.get(turn % endpoints.size());
  }
}
