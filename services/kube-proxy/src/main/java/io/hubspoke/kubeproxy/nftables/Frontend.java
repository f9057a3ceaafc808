package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.rules.Protocol;
import java.util.Locale;

/**
 * Where connections to a service arrive.
 *
 * @param ip a virtual address; empty for the node's own addresses
 */
record Frontend(String ip, Protocol protocol, int port) {
  boolean isNodePort() {
    return ip.isEmpty();
  }

  /** Returns it as the key of an element. */
  String key() {
    String end = word(protocol) + " . " + port;
    return ip.isEmpty() ? end : ip + " . " + end;
  }

  static String word(Protocol protocol) {
    return protocol.name().toLowerCase(Locale.ROOT);
  }

  /**
   * What becomes of connections.
   *
   * @param chain that sends them on; null when they go nowhere
   * @param refusal what is done with those that the chain leaves; null when it leaves none
   */
  record Landing(String chain, String refusal) {}

  /**
   * A service's wish to have a frontend: users can give several services the same external address,
   * or one the address of another. One of them has it, always the same one.
   *
   * @param rank the lower, the stronger: nobody takes a service's own address from it
   */
  record Claim(int rank, String service, Landing landing) implements Comparable<Claim> {
    @Override
    public int compareTo(Claim other) {
      int byRank = Integer.compare(rank, other.rank);
      return byRank != 0 ? byRank : service.compareTo(other.service);
    }
  }
}
