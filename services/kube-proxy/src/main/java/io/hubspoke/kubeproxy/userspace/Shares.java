package io.hubspoke.kubeproxy.userspace;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * Divides the connections that a node may have open among the addresses they come from: each may
 * have as many as are still left for all. So one alone has half of them, and whoever comes next
 * finds room, however many the first one asks for. Safe for use by several threads.
 */
final class Shares {
  private final int most;
  private final Map<InetAddress, Integer> taken = new HashMap<>();
  private int open;

  Shares(int most) {
    this.most = most;
  }

  /** Returns whether one more connection from there may be open; then it counts. */
  synchronized boolean take(InetAddress source) {
    int own = taken.getOrDefault(source, 0);
    if (own >= most - open) {
      return false;
    }
    taken.put(source, own + 1);
    open++;
    return true;
  }

  /** Gives back what was taken for a connection from there. */
  synchronized void give(InetAddress source) {
    taken.computeIfPresent(source, (from, count) -> count == 1 ? null : count - 1);
    open--;
  }

  synchronized int open() {
    return open;
  }
}
