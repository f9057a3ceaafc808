package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.Strangers;
import io.hubspoke.tunnel.konnectivity.AcceptingEnd;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.GrpcException;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the control plane calls by gRPC: a call for each connection, or one for many when the client
 * holds back each by itself.
 */
final class GrpcFrontend {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcFrontend.class);

  /** The published client has one; a call of which more are asked holds up itself alone. */
  private static final int MAX_PENDING = 16;

  /** Dials that may wait in a call for many connections; more than a busy client ever has. */
  private static final int MAX_SHARED_PENDING = 10_000;

  private final VertxInternal vertx;
  private final Tunnels tunnels;
  private final Strangers strangers;
  private final ServerMetrics metrics;

  /**
   * @param strangers who has not called yet
   */
  GrpcFrontend(VertxInternal vertx, Tunnels tunnels, Strangers strangers, ServerMetrics metrics) {
    this.vertx = vertx;
    this.tunnels = tunnels;
    this.strangers = strangers;
    this.metrics = metrics;
  }

  /** Answers a request; called on its context. */
  void handle(HttpServerRequest request) {
    if (!Calls.isCallOf(request, GrpcPackets.PROXY)) {
      return;
    }
    strangers.known(Calls.channel(request));
    ContextInternal context = vertx.getOrCreateContext();
    var packets = GrpcPackets.answer(request).observed(metrics.client());
    metrics.proxyCall(1);
    String announced = request.getHeader(Metadata.FLOW_CONTROL);
    FlowControl flow =
        announced == null ? new FlowControl.OfStream() : FlowControl.agreed(announced);
    int maxPending = flow instanceof FlowControl.Credits ? MAX_SHARED_PENDING : MAX_PENDING;
    AcceptingEnd.over(context, packets, flow, maxPending, dial -> dial(context, dial))
        .closed()
        .onComplete(
            over -> {
              metrics.proxyCall(-1);
              if (over.failed() && over.cause() instanceof GrpcException error) {
                metrics.broken("from_client", Integer.toString(error.status()));
              }
            });
  }

  private void dial(ContextInternal context, AcceptingEnd.IncomingDial dial) {
    if (!dial.protocol().equals("tcp")) {
      dial.refuse("dial " + dial.protocol() + ": only tcp is dialled");
      return;
    }
    var outgoing = tunnels.dial(context, dial.address());
    dial.cancelled()
        .onComplete(
            v -> {
              tunnels.cancelled();
              outgoing.cancel().run();
            });
    outgoing
        .connected()
        .onComplete(
            backend ->
                dial.accept(context)
                    .onComplete(
                        frontend -> tunnels.join(frontend, backend),
                        gone -> backend.reset().otherwiseEmpty()),
            failure -> {
              LOG.debug("dial {}: {}", dial.address(), failure.getMessage());
              dial.refuse(Tunnels.told(failure));
            });
  }
}
