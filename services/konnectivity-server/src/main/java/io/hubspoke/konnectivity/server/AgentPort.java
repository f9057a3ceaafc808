package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.Strangers;
import io.hubspoke.tunnel.konnectivity.DialingEnd;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.GrpcException;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What agents call: a call each, over which they dial. */
final class AgentPort {
  private static final Logger LOG = LoggerFactory.getLogger(AgentPort.class);

  /** Dials of one agent that may wait; more than a busy one ever has. */
  private static final int MAX_PENDING = 10_000;

  private static final int MAX_ID = 1024;

  private final VertxInternal vertx;
  private final KonnectivityServerOptions options;
  private final Agents agents;
  private final AgentTokens tokens;
  private final Strangers strangers;
  private final ServerMetrics metrics;

  /** Connections with a call whose token is being looked at; of the port's event loop alone. */
  private final Set<HttpConnection> reviewing = new HashSet<>();

  /**
   * @param tokens null when agents show none
   * @param strangers who has not been admitted yet
   */
  AgentPort(
      VertxInternal vertx,
      KonnectivityServerOptions options,
      Agents agents,
      AgentTokens tokens,
      Strangers strangers,
      ServerMetrics metrics) {
    this.vertx = vertx;
    this.options = options;
    this.agents = agents;
    this.tokens = tokens;
    this.strangers = strangers;
    this.metrics = metrics;
  }

  private record Introduction(String agentId, AgentIdentifiers identifiers) {}

  /** Answers a request; called on its context. */
  void handle(HttpServerRequest request) {
    if (!Calls.isCallOf(request, GrpcPackets.CONNECT)) {
      return;
    }
    Introduction introduction;
    try {
      introduction = introduction(request.headers());
    } catch (GrpcException e) {
      refuse(request, e);
      return;
    }
    if (tokens == null) {
      admit(request, introduction);
      return;
    }
    HttpConnection connection = request.connection();
    if (!reviewing.add(connection)) {
      // Each is a request to the apiserver.
      refuse(
          request,
          new GrpcException(
              GrpcException.RESOURCE_EXHAUSTED, "another call of this connection is being judged"));
      return;
    }
    request.pause();
    // What it sends meanwhile waits; when it goes meanwhile, there is nobody to admit.
    request.exceptionHandler(gone -> LOG.debug("an agent left: {}", gone.getMessage()));
    tokens
        .check(request.headers())
        .onComplete(
            good -> {
              reviewing.remove(connection);
              if (!request.response().closed()) {
                admit(request, introduction);
              }
            },
            bad -> {
              reviewing.remove(connection);
              refuse(request, bad);
            });
  }

  private static void refuse(HttpServerRequest request, Throwable reason) {
    LOG.info("agent at {} refused: {}", request.remoteAddress(), reason.getMessage());
    GrpcPackets.refuse(
        request,
        reason instanceof GrpcException error
            ? error
            : new GrpcException(GrpcException.UNKNOWN, "Failed to authenticate request"));
  }

  private static Introduction introduction(MultiMap headers) throws GrpcException {
    List<String> ids = headers.getAll(Metadata.AGENT_ID);
    if (ids.size() != 1 || ids.getFirst().isEmpty()) {
      throw new GrpcException(
          GrpcException.UNKNOWN, "expected one agent ID in the context, got " + ids);
    }
    if (ids.getFirst().length() > MAX_ID) {
      throw new GrpcException(
          GrpcException.UNKNOWN, "an agent ID has at most " + MAX_ID + " characters");
    }
    List<String> identifiers = headers.getAll(Metadata.AGENT_IDENTIFIERS);
    if (identifiers.size() > 1) {
      throw new GrpcException(
          GrpcException.UNKNOWN,
          "expected at most one set of agent identifiers in the context, got " + identifiers);
    }
    try {
      return new Introduction(
          ids.getFirst(),
          AgentIdentifiers.parse(identifiers.isEmpty() ? "" : identifiers.getFirst()));
    } catch (IllegalArgumentException e) {
      throw new GrpcException(GrpcException.UNKNOWN, e.getMessage());
    }
  }

  private void admit(HttpServerRequest request, Introduction introduction) {
    ContextInternal context = vertx.getOrCreateContext();
    strangers.known(Calls.channel(request));
    // One connection that is not read must leave the others of its agent room. Until now this was
    // HTTP/2's 64 KiB: what strangers send is not read, and they can't have it kept here.
    request.connection().setWindowSize(Integer.MAX_VALUE);
    String agentId = introduction.agentId();
    FlowControl flow = FlowControl.agreed(request.getHeader(Metadata.FLOW_CONTROL));
    var packets = GrpcPackets.answer(request).observed(metrics.agent());
    packets.writeHead(introduce()).otherwiseEmpty();
    var dials = DialingEnd.over(context, packets, flow, "agent " + agentId, MAX_PENDING);
    var agent = new AgentConnection(agentId, introduction.identifiers(), dials);
    metrics.connectCall(1);
    agents.add(agent);
    LOG.info("agent {} connected from {}", agentId, request.remoteAddress());
    dials
        .closed()
        .onComplete(
            over -> {
              agents.remove(agent);
              metrics.connectCall(-1);
              LOG.info("agent {} has gone: {}", agentId, reason(over));
            });
  }

  private String reason(io.vertx.core.AsyncResult<Void> over) {
    if (over.succeeded()) {
      return "closed here";
    }
    if (over.cause() instanceof GrpcException error) {
      metrics.broken("from_agent", Integer.toString(error.status()));
    }
    return over.cause().getMessage();
  }

  private MultiMap introduce() {
    return MultiMap.caseInsensitiveMultiMap()
        .add(Metadata.SERVER_ID, options.serverId())
        .add(Metadata.SERVER_COUNT, Integer.toString(options.serverCount()))
        .add(Metadata.FLOW_CONTROL, Integer.toString(FlowControl.WINDOW));
  }

  /** Ends all streams, and with them the connections through them. */
  Future<Void> close() {
    return Future.join(agents.list().stream().map(agent -> agent.dials().close()).toList())
        .mapEmpty();
  }
}
