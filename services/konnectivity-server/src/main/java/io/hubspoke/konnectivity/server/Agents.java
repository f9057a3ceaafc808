package io.hubspoke.konnectivity.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The agents that are connected, and which of them dials. Thread-safe. */
final class Agents {
  private final List<ProxyStrategy> strategies;
  private final Index all = new Index();
  private final Index byHost = new Index();
  private final Index withDefaultRoute = new Index();

  Agents(List<ProxyStrategy> strategies) {
    this.strategies = strategies;
  }

  synchronized void add(AgentConnection agent) {
    all.add(agent.agentId(), agent);
    if (agent.identifiers().defaultRoute()) {
      withDefaultRoute.add(agent.agentId(), agent);
    }
    agent.identifiers().hosts().forEach(host -> byHost.add(host, agent));
  }

  synchronized void remove(AgentConnection agent) {
    all.remove(agent.agentId(), agent);
    withDefaultRoute.remove(agent.agentId(), agent);
    agent.identifiers().hosts().forEach(host -> byHost.remove(host, agent));
  }

  /** Returns who is to dial a host; nobody when no strategy finds one. */
  synchronized Optional<AgentConnection> choose(String host) {
    for (ProxyStrategy strategy : strategies) {
      AgentConnection chosen =
          switch (strategy) {
            case DEFAULT -> all.any();
            case DEST_HOST -> byHost.of(host);
            case DEFAULT_ROUTE -> withDefaultRoute.any();
          };
      if (chosen != null) {
        return Optional.of(chosen);
      }
    }
    return Optional.empty();
  }

  /** Returns how many streams there are. */
  synchronized int connections() {
    return all.size();
  }

  /** Returns how many keys a strategy can choose from. */
  synchronized int backends(ProxyStrategy strategy) {
    return switch (strategy) {
      case DEFAULT -> all.keys.size();
      case DEST_HOST -> byHost.keys.size();
      case DEFAULT_ROUTE -> withDefaultRoute.keys.size();
    };
  }

  /** Returns whether the first strategy has somebody to choose, as the real server is ready. */
  synchronized boolean isReady() {
    return backends(strategies.getFirst()) > 0;
  }

  synchronized List<AgentConnection> list() {
    return all.values();
  }

  /** Streams by a key; those of one key in the order in which they came. */
  private static final class Index {
    final List<String> keys = new ArrayList<>();
    private final Map<String, List<AgentConnection>> agents = new HashMap<>();

    void add(String key, AgentConnection agent) {
      List<AgentConnection> known = agents.get(key);
      if (known == null) {
        known = new ArrayList<>(1);
        agents.put(key, known);
        keys.add(key);
      }
      known.add(agent);
    }

    void remove(String key, AgentConnection agent) {
      List<AgentConnection> known = agents.get(key);
      if (known != null && known.remove(agent) && known.isEmpty()) {
        agents.remove(key);
        keys.remove(key);
      }
    }

    /** Returns the first that takes dials, or else one that would rather not; null for none. */
    AgentConnection of(String key) {
      List<AgentConnection> known = agents.get(key);
      if (known == null) {
        return null;
      }
      for (AgentConnection agent : known) {
        if (!agent.dials().draining()) {
          return agent;
        }
      }
      return known.getFirst();
    }

    AgentConnection any() {
      int size = keys.size();
      int first = size == 0 ? 0 : ThreadLocalRandom.current().nextInt(size);
      AgentConnection chosen = null;
      for (int i = 0; i < size; i++) {
        chosen = of(keys.get((first + i) % size));
        if (!chosen.dials().draining()) {
          return chosen;
        }
      }
      // All would rather not: better one of them than none.
      return chosen;
    }

    int size() {
      return agents.values().stream().mapToInt(List::size).sum();
    }

    List<AgentConnection> values() {
      return agents.values().stream().flatMap(List::stream).toList();
    }
  }
}
