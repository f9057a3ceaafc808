package io.hubspoke.konnectivity.agent;

import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.konnectivity.AcceptingEnd;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.GrpcException;
import io.hubspoke.tunnel.konnectivity.PacketStream;
import io.hubspoke.tunnel.konnectivity.TunnelledConnection;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A stream to one server: dials what the server asks for. */
final class ServerStream {
  private static final Logger LOG = LoggerFactory.getLogger(ServerStream.class);

  /** Dials that may be under way; each has a socket. */
  private static final int MAX_PENDING = 4096;

  private final ContextInternal context;
  private final String serverId;
  private final int serverCount;
  private final TargetDialer dialer;
  private final AgentMetrics metrics;
  private final AcceptingEnd end;
  private final AtomicInteger targets = new AtomicInteger();
  private final Promise<Void> idle = Promise.promise();
  private final Promise<Void> ended = Promise.promise();
  private volatile boolean draining;

  ServerStream(
      ContextInternal context,
      HttpClientConnection connection,
      PacketStream packets,
      FlowControl flow,
      String serverId,
      int serverCount,
      TargetDialer dialer,
      AgentMetrics metrics) {
    this.context = context;
    this.serverId = serverId;
    this.serverCount = serverCount;
    this.dialer = dialer;
    this.metrics = metrics;
    this.end = AcceptingEnd.over(context, packets, flow, MAX_PENDING, this::dial);
    end.closed()
        .onComplete(
            over -> {
              // The connection was for this stream alone.
              connection.close().otherwiseEmpty();
              if (over.failed()) {
                metrics.broken(
                    over.cause() instanceof GrpcException told
                        ? Integer.toString(told.status())
                        : "Unavailable");
                ended.tryFail(over.cause());
              } else {
                ended.tryComplete();
              }
              settle();
            });
  }

  /** Returns which server it is. */
  String serverId() {
    return serverId;
  }

  /** Returns how many servers there are, as this one says. */
  int serverCount() {
    return serverCount;
  }

  /** Returns how many connections it carries or is about to. */
  int connections() {
    return end.size() + end.pending();
  }

  boolean isOpen() {
    return !ended.future().isComplete();
  }

  /** Completes when the stream is over; fails when it has broken. */
  Future<Void> ended() {
    return ended.future();
  }

  /** Asks for no further dials. */
  void drain() {
    draining = true;
    end.drain();
    settle();
  }

  /** Completes when it is to be used no more and has no connection left. */
  Future<Void> idle() {
    return idle.future();
  }

  /** Ends the stream and all that it carries. */
  Future<Void> close() {
    return end.close();
  }

  private void settle() {
    if ((draining && targets.get() == 0) || !isOpen()) {
      idle.tryComplete();
    }
  }

  private void dial(AcceptingEnd.IncomingDial dial) {
    Target target;
    try {
      target = target(dial.address());
    } catch (IllegalArgumentException e) {
      dial.refuse("dial %s: %s".formatted(dial.protocol(), e.getMessage()));
      return;
    }
    var began = System.nanoTime();
    targets.incrementAndGet();
    dialer
        .dial(context, dial.protocol(), target)
        .onComplete(
            done -> {
              if (done.succeeded()) {
                metrics.dialled(Duration.ofNanos(System.nanoTime() - began));
                accept(dial, target, done.result());
              } else {
                LOG.debug("{}: {}", serverId, done.cause().getMessage());
                metrics.dialFailed(done.cause());
                dial.refuse(String.valueOf(done.cause().getMessage()));
                gone();
              }
            });
  }

  private void accept(AcceptingEnd.IncomingDial dial, Target address, Duplex target) {
    metrics.endpointOpened();
    dial.accept(context)
        .onComplete(
            (tunnelled, cancelled) -> {
              if (cancelled != null) {
                // While it was dialled.
                target.reset().otherwiseEmpty();
                over();
                return;
              }
              warnOnLimit(tunnelled, address);
              EndpointConnection.join(context, tunnelled, target)
                  .onComplete((closed, broken) -> over());
            });
  }

  private void over() {
    metrics.endpointClosed();
    gone();
  }

  /** Once for each connection, however often it comes to that. */
  private void warnOnLimit(TunnelledConnection tunnelled, Target address) {
    if (dialer.warnsOnChannelLimit()) {
      tunnelled.whenWindowFull(
          () -> {
            tunnelled.whenWindowFull(() -> {});
            LOG.warn(
                "{}: {} takes less than it is sent: as much waits for it as may (--xfr-channel-size)",
                serverId,
                address.authority());
          });
    }
  }

  private void gone() {
    targets.decrementAndGet();
    settle();
  }

  /** Reads host and port as Go's {@code net.SplitHostPort} does. */
  static Target target(String address) {
    var colon = address.lastIndexOf(':');
    var host = colon < 0 ? address : address.substring(0, colon);
    var bracketed = host.startsWith("[") && host.endsWith("]");
    if (colon < 0 || (host.indexOf(':') >= 0 && !bracketed)) {
      throw new IllegalArgumentException(
          "address %s: %s"
              .formatted(
                  address, colon < 0 ? "missing port in address" : "too many colons in address"));
    }
    try {
      return new Target(
          bracketed ? host.substring(1, host.length() - 1) : host,
          Integer.parseInt(address.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("address " + address + ": invalid port", e);
    }
  }
}
