package io.hubspoke.konnectivity.server;

import io.hubspoke.konnectivity.server.ServerMetrics.DialFailure;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.konnectivity.DialingEnd;
import io.hubspoke.tunnel.konnectivity.TunnelledConnection;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;

/** Brings what a frontend dials to an agent, and joins what comes of it. */
final class Tunnels {
  /** What frontends are told when nobody can dial; the published clients know the text. */
  static final String NO_AGENT = "No agent available";

  private final Agents agents;
  private final ServerMetrics metrics;
  private volatile boolean stopping;

  Tunnels(Agents agents, ServerMetrics metrics) {
    this.agents = agents;
    this.metrics = metrics;
  }

  /** A dial that is under way. */
  record Dial(Future<TunnelledConnection> connected, Runnable cancel) {}

  /**
   * Has an agent dial.
   *
   * @param user where the connection lives
   * @param address host and port
   */
  Dial dial(ContextInternal user, String address) {
    if (stopping) {
      return new Dial(
          user.failedFuture(new TunnelDownException(NO_AGENT, "the server is shutting down")),
          () -> {});
    }
    var agent = agents.choose(host(address));
    if (agent.isEmpty()) {
      metrics.dialFailed(DialFailure.NO_AGENT);
      return new Dial(
          user.failedFuture(new TunnelDownException(NO_AGENT, "none is connected")), () -> {});
    }
    long began = System.nanoTime();
    DialingEnd.Dial dial = agent.get().dials().dial(user, address);
    dial.connected()
        .onComplete(
            connected -> metrics.dialled(Duration.ofNanos(System.nanoTime() - began)),
            failure ->
                metrics.dialFailed(
                    failure instanceof TunnelDownException
                        ? DialFailure.BACKEND_CLOSE
                        : DialFailure.ERROR_RESPONSE));
    return new Dial(dial.connected(), dial::cancel);
  }

  /**
   * Returns what a frontend that speaks gRPC is told: it knows by the text alone whose fault it is.
   */
  static String told(Throwable failure) {
    String reason = Component.reason(failure);
    return failure instanceof TunnelDownException && !reason.startsWith(NO_AGENT)
        ? NO_AGENT + ": the connection with " + reason
        : reason;
  }

  /** Counts a dial that its frontend has given up. */
  void cancelled() {
    metrics.dialFailed(DialFailure.FRONTEND_CLOSE);
  }

  /** Joins a frontend's connection with an agent's; completes, or fails, when both are over. */
  Future<Void> join(Duplex frontend, TunnelledConnection backend) {
    metrics.established(1);
    return DuplexJoin.join(frontend, backend).onComplete((over, broken) -> metrics.established(-1));
  }

  /** Has no more dials. */
  void stop() {
    stopping = true;
  }

  boolean isIdle() {
    return metrics.establishedNow() == 0;
  }

  /** Returns the host of host and port, an IPv6 address without its brackets. */
  static String host(String address) {
    int colon = address.lastIndexOf(':');
    String host = colon < 0 || address.endsWith("]") ? address : address.substring(0, colon);
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }
}
