package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dials through a Konnectivity server that speaks gRPC, on one HTTP/2 connection for each event
 * loop. With a foreign server each connection has a call of its own, as with the published client,
 * and HTTP/2's windows hold it back. With a server that knows {@link FlowControl#SETTING} all share
 * one call, each held back by its own credit: a call costs either end several kilobytes.
 */
public final class GrpcDialer implements Dialer {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcDialer.class);

  /** What servers say when there is nobody to dial for them. */
  static final String NO_AGENT = "No agent available";

  /** What the published client waits for an answer at most. */
  private static final Duration LONGEST_DIAL = Duration.ofSeconds(30);

  private static final int CONNECT_MILLIS = 10_000;

  /** Dials that may wait in a call that connections share. */
  private static final int MAX_PENDING = 10_000;

  private final VertxInternal vertx;
  private final String name;
  private final TunnelServer server;
  private final HttpClientAgent client;
  private final Map<EventLoop, Future<ServerConnection>> connections = new ConcurrentHashMap<>();

  /**
   * Connects when it is first needed.
   *
   * @param name of the tunnel, for errors and metrics
   */
  public GrpcDialer(Vertx vertx, String name, TunnelServer server) {
    this.vertx = (VertxInternal) vertx;
    this.name = name;
    this.server = server;
    HttpClientOptions options =
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setHttp2ClearTextUpgrade(false)
            .setUseAlpn(server.trust() != null)
            .setVerifyHost(server.trust() != null)
            .setConnectTimeout(CONNECT_MILLIS)
            .setInitialSettings(new Http2Settings().setInitialWindowSize(FlowControl.WINDOW))
            // Those whose readers stop must leave the others room.
            .setHttp2ConnectionWindowSize(Integer.MAX_VALUE);
    this.client = vertx.createHttpClient(server.secure(options));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Future<Duplex> dial(Target target) {
    ContextInternal user = vertx.getOrCreateContext();
    Promise<Duplex> dialled = user.promise();
    ContextInternal context =
        user.isEventLoopContext()
            ? user
            : vertx
                .contextBuilder()
                .withThreadingModel(ThreadingModel.EVENT_LOOP)
                .withEventLoop(user.nettyEventLoop())
                .build();
    context.runOnContext(
        v ->
            connection(context)
                .compose(connection -> connection.call(context))
                .onComplete(
                    end -> dial(end, user, target, dialled),
                    e -> dialled.fail(down("cannot reach " + server.display() + ": ", e))));
    return dialled.future();
  }

  /** A connection with the server, on its event loop. */
  private final class ServerConnection {
    private final HttpClientConnection connection;
    private Future<DialingEnd> shared;

    ServerConnection(HttpClientConnection connection) {
      this.connection = connection;
    }

    /** Returns a call to dial by. */
    Future<DialingEnd> call(ContextInternal context) {
      int window = announced(connection);
      if (window == 0) {
        return call(new RequestOptions()).map(packets -> DialingEnd.forOne(context, packets, name));
      }
      if (shared == null) {
        var flow = new FlowControl.Credits(window, FlowControl.WINDOW);
        Future<DialingEnd> opened =
            call(new RequestOptions()
                    .putHeader(Metadata.FLOW_CONTROL, Integer.toString(FlowControl.WINDOW)))
                .map(packets -> DialingEnd.over(context, packets, flow, name, MAX_PENDING));
        shared = opened;
        opened.onComplete(
            end -> end.closed().onComplete(over -> shared = null), e -> shared = null);
      }
      return shared;
    }

    private Future<GrpcPackets> call(RequestOptions options) {
      return connection
          .request(options.setMethod(HttpMethod.POST))
          .map(request -> GrpcPackets.call(request, GrpcPackets.PROXY));
    }
  }

  /** Returns what a connection may have under way in a call with others; 0 at a foreign server. */
  private static int announced(HttpClientConnection connection) {
    Map<Integer, Long> more = connection.remoteSettings().getExtraSettings();
    long window = more == null ? 0 : more.getOrDefault(FlowControl.SETTING, 0L);
    return (int) Math.min(window, Integer.MAX_VALUE);
  }

  private void dial(DialingEnd end, ContextInternal user, Target target, Promise<Duplex> dialled) {
    var dial = end.dial(user, target.authority());
    long limit =
        vertx.setTimer(
            LONGEST_DIAL.toMillis(),
            t -> {
              if (dialled.tryFail(new IOException("dial timeout"))) {
                dial.cancel();
              }
            });
    dial.connected()
        .onComplete(
            connected -> {
              vertx.cancelTimer(limit);
              if (connected.succeeded()) {
                dialled.tryComplete(connected.result());
              } else if (Component.reason(connected.cause()).startsWith(NO_AGENT)) {
                dialled.tryFail(down("", connected.cause()));
              } else {
                dialled.tryFail(connected.cause());
              }
            });
  }

  private Future<ServerConnection> connection(ContextInternal context) {
    EventLoop loop = context.nettyEventLoop();
    Future<ServerConnection> existing = connections.get(loop);
    if (existing != null) {
      return existing;
    }
    // Nobody else asks for this event loop's, since that is where this runs.
    Promise<ServerConnection> connected = context.promise();
    Future<ServerConnection> future = connected.future();
    connections.put(loop, future);
    client
        .connect(
            new HttpConnectOptions()
                .setServer(server.address())
                .setHost(server.address().isDomainSocket() ? "localhost" : server.address().host())
                .setPort(server.address().isDomainSocket() ? 80 : server.address().port()))
        .onComplete(
            connection -> {
              // Each call is told by itself.
              ResetAllowance.grant(connection, e -> LOG.debug("{}: {}", name, e.getMessage()));
              connection.closeHandler(v -> connections.remove(loop, future));
              connection.goAwayHandler(v -> connections.remove(loop, future));
              connected.complete(new ServerConnection(connection));
            },
            e -> {
              connections.remove(loop, future);
              connected.fail(e);
            });
    return future;
  }

  private TunnelDownException down(String what, Throwable cause) {
    return new TunnelDownException(name, what + Component.reason(cause));
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }
}
