package io.hubspoke.konnectivity.server;

import java.util.ArrayList;
import java.util.List;

/** By what an agent is chosen for a dial; names are those of {@code --proxy-strategies}. */
public enum ProxyStrategy {
  /** Any agent, at random. */
  DEFAULT("default"),
  /** One that has said that the host is its own. */
  DEST_HOST("destHost"),
  /** Any of those that have said that they reach everything. */
  DEFAULT_ROUTE("defaultRoute");

  private final String flag;

  ProxyStrategy(String flag) {
    this.flag = flag;
  }

  /** Reads a list, in the order in which they are tried. */
  public static List<ProxyStrategy> parse(String list) {
    if (list.isEmpty()) {
      throw new IllegalArgumentException("must name at least one strategy");
    }
    List<ProxyStrategy> strategies = new ArrayList<>();
    for (String name : list.split(",", -1)) {
      strategies.add(of(name.strip()));
    }
    return List.copyOf(strategies);
  }

  private static ProxyStrategy of(String name) {
    for (ProxyStrategy strategy : values()) {
      if (strategy.flag.equals(name)) {
        return strategy;
      }
    }
    throw new IllegalArgumentException(
        "\"" + name + "\" is not a strategy, expected default, destHost or defaultRoute");
  }

  @Override
  public String toString() {
    return flag;
  }
}
