package io.hubspoke.lab.audit;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Tries TCP ports of addresses before which something may drop packets without a word, as what
 * enforces network policies does: many at a time, so that nobody waits for each. Used by one
 * thread.
 */
final class FilteredScan {
  /** So many begin in a second that no table of connections on the way is full of them. */
  private static final int A_SECOND = 3000;

  /** The kernel asks again after one second (RFC 6298), so that one packet may be lost. */
  private static final Duration LIMIT = Duration.ofMillis(1500);

  private static final int SELECT_MILLIS = 10;

  private final Map<String, Set<Integer>> open = new TreeMap<>();
  private final ArrayDeque<Attempt> waiting = new ArrayDeque<>();
  private final Selector selector;

  private FilteredScan(Selector selector) {
    this.selector = selector;
  }

  private record Attempt(String host, int port, SocketChannel channel, long deadline) {}

  /** Returns which ports of each address accept connections. */
  static Map<String, Set<Integer>> of(Collection<String> hosts)
      throws IOException, InterruptedException {
    return of(hosts, IntStream.rangeClosed(1, PortScan.PORTS).boxed().toList());
  }

  /** Returns which of these ports do. */
  static Map<String, Set<Integer>> of(Collection<String> hosts, Collection<Integer> ports)
      throws IOException, InterruptedException {
    try (var selector = Selector.open()) {
      var scan = new FilteredScan(selector);
      try {
        scan.run(List.copyOf(hosts), List.copyOf(ports));
        return scan.open;
      } finally {
        for (var attempt : scan.waiting) {
          attempt.channel().close();
        }
      }
    }
  }

  private void run(List<String> hosts, List<Integer> ports)
      throws IOException, InterruptedException {
    hosts.forEach(host -> open.put(host, new TreeSet<>()));
    var begun = System.nanoTime();
    var all = (long) hosts.size() * ports.size();
    var next = 0L;
    while (next < all || !waiting.isEmpty()) {
      var due = (System.nanoTime() - begun) * A_SECOND / TimeUnit.SECONDS.toNanos(1) + 1;
      for (; next < Math.min(due, all); next++) {
        // One port of each address after the other: none of them gets all at once.
        begin(hosts.get((int) (next % hosts.size())), ports.get((int) (next / hosts.size())));
      }
      selector.select(this::end, SELECT_MILLIS);
      giveUp();
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  private void begin(String host, int port) throws IOException {
    var channel = SocketChannel.open();
    try {
      channel.configureBlocking(false);
      // What answers is reset, so that nothing is left of it.
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      var attempt = new Attempt(host, port, channel, System.nanoTime() + LIMIT.toNanos());
      if (channel.connect(new InetSocketAddress(InetAddress.ofLiteral(host), port))) {
        accepted(attempt);
      } else {
        channel.register(selector, SelectionKey.OP_CONNECT, attempt);
        waiting.add(attempt);
      }
    } catch (ConnectException refused) {
      channel.close();
    } catch (IOException e) {
      channel.close();
      throw new IOException("%s:%d can't be tried: %s".formatted(host, port, e.getMessage()), e);
    }
  }

  private void accepted(Attempt attempt) throws IOException {
    open.get(attempt.host()).add(attempt.port());
    attempt.channel().close();
  }

  private void end(SelectionKey key) {
    var attempt = (Attempt) key.attachment();
    try {
      if (attempt.channel().finishConnect()) {
        accepted(attempt);
      }
    } catch (IOException refused) {
      close(attempt);
    }
  }

  /** Whoever has not answered by now doesn't. */
  private void giveUp() {
    var now = System.nanoTime();
    while (!waiting.isEmpty()
        && (!waiting.peek().channel().isOpen() || waiting.peek().deadline() - now < 0)) {
      close(waiting.remove());
    }
  }

  private static void close(Attempt attempt) {
    try {
      attempt.channel().close();
    } catch (IOException nothingLeft) {
      // It was never connected.
    }
  }
}
