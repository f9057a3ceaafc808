package io.hubspoke.kubeproxy.userspace;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Leaves connections without any answer, as a packet filter drops what a policy of Local keeps off
 * a node. Few of them, since each holds a file: what comes beyond is reset.
 */
final class Drops {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final int MOST = 256;

  private final AtomicInteger held = new AtomicInteger();

  void drop(ClientConnection connection) {
    connection.onEnd(held::decrementAndGet);
    if (held.incrementAndGet() > MOST) {
      connection.reset();
    } else {
      connection.resetAfter(LONGEST);
    }
  }
}
