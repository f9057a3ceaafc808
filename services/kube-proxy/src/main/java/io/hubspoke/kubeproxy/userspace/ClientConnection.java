package io.hubspoke.kubeproxy.userspace;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A client's connection as it was accepted, of which nothing has been read; then joined with one to
 * an endpoint, and ended with it. It belongs to one thread, which alone calls it where nothing else
 * is said.
 */
public interface ClientConnection {
  /** Half-closed connections live this long, as those that kube-proxy lets the kernel track. */
  Duration STANDSTILL = Duration.ofHours(1);

  /** Returns where it comes from; null when it ended before that was known. */
  InetSocketAddress remoteAddress();

  /**
   * Connects to an endpoint and forwards both ways from then on.
   *
   * @param source where to connect from; null for any address
   * @param millis how long it may take to connect
   * @param failed hears, on the same thread, that there is no connection; another may be tried
   */
  void forward(InetSocketAddress endpoint, InetSocketAddress source, int millis, Runnable failed);

  /** Ends both sides with a reset, unless they have ended; from any thread. */
  void reset();

  /** Resets it after a time, unless it ends before. */
  void resetAfter(Duration time);

  /** Runs an action when it has ended. */
  void onEnd(Runnable action);
}
