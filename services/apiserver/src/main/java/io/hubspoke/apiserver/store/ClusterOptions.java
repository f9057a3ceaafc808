package io.hubspoke.apiserver.store;

import java.nio.file.Path;
import java.util.List;

/**
 * Of which members a replicated store is made, and how they reach each other.
 *
 * @param listenAddress an address of this member, where the others reach it
 * @param members {@code host:port} of each, this one among them or not; a name stands for all the
 *     addresses that it has at the time
 * @param replicas how many members there are to be; a majority of them must hold a change
 * @param tls how members know each other; null for connections that anybody may read and make
 */
public record ClusterOptions(
    String listenAddress, int listenPort, List<String> members, int replicas, PeerTls tls) {
  /** More copies than this the store does not keep. */
  public static final int MOST_REPLICAS = 7;

  public ClusterOptions {
    members = List.copyOf(members);
    if (replicas < 1 || replicas > MOST_REPLICAS) {
      throw new IllegalArgumentException(
          "replicas must be between 1 and " + MOST_REPLICAS + ", but is " + replicas);
    }
  }

  /**
   * Mutual TLS between members.
   *
   * @param certificate this member's, for serving and for connecting; members have the same common
   *     name
   * @param key of the certificate
   * @param authority the authority of members; one that signs for others too would do only because
   *     the common name counts as well
   */
  public record PeerTls(Path certificate, Path key, Path authority) {}

  /** Returns how many members must hold a change. */
  public int majority() {
    return replicas / 2 + 1;
  }
}
