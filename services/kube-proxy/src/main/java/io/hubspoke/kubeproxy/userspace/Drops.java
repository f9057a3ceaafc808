package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.socket.SocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Leaves connections without any answer, as a packet filter drops what a policy of Local keeps off
 * a node. Few of them, since each holds a file: what comes beyond is reset.
 */
final class Drops {
  private static final Duration LONGEST = Duration.ofSeconds(30);
  private static final int MOST = 256;

  private final AtomicInteger held = new AtomicInteger();

  void drop(SocketChannel connection) {
    connection.closeFuture().addListener(closed -> held.decrementAndGet());
    if (held.incrementAndGet() > MOST) {
      EventLoops.reset(connection);
      return;
    }
    var end =
        connection
            .eventLoop()
            .schedule(() -> EventLoops.reset(connection), LONGEST.toSeconds(), TimeUnit.SECONDS);
    connection.closeFuture().addListener(closed -> end.cancel(false));
  }
}
