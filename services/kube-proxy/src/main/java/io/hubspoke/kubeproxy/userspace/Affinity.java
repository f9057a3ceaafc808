package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.Endpoint;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which client was led to which endpoint, for session affinity by client address. Of more clients
 * than it keeps, those that came longest ago are forgotten. Not thread-safe.
 */
final class Affinity {
  private static final int MOST_CLIENTS = 10_000;

  private record Stay(Endpoint endpoint, long since) {}

  private final int most;
  private final Map<InetAddress, Stay> stays = new LinkedHashMap<>(16, 0.75f, true);

  Affinity() {
    this(MOST_CLIENTS);
  }

  Affinity(int most) {
    this.most = most;
  }

  /**
   * Returns where the client went last, or null.
   *
   * @param timeout how long a client stays after its last connection
   * @param now as {@link System#nanoTime} tells
   */
  Endpoint of(InetAddress client, Duration timeout, long now) {
    var stay = stays.get(client);
    if (stay == null) {
      return null;
    }
    if (now - stay.since >= timeout.toNanos()) {
      stays.remove(client);
      return null;
    }
    return stay.endpoint;
  }

  void led(InetAddress client, Endpoint endpoint, long now) {
    stays.put(client, new Stay(endpoint, now));
    if (stays.size() > most) {
      var eldest = stays.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
  }

  void forget(InetAddress client) {
    stays.remove(client);
  }

  void clear() {
    stays.clear();
  }

  int size() {
    return stays.size();
  }
}
