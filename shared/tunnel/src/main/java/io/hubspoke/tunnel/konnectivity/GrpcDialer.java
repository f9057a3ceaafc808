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
import io.vertx.core.http.HttpClientRequest;
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
 * Dials through a Konnectivity server that speaks gRPC: one call for each connection, as the
 * published client does, on one HTTP/2 connection for each event loop. HTTP/2's windows hold each
 * connection back by itself.
 */
public final class GrpcDialer implements Dialer {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcDialer.class);

  /** What servers say when there is nobody to dial for them. */
  static final String NO_AGENT = "No agent available";

  /** What the published client waits for an answer at most. */
  private static final Duration LONGEST_DIAL = Duration.ofSeconds(30);

  private static final int CONNECT_MILLIS = 10_000;

  private final VertxInternal vertx;
  private final String name;
  private final TunnelServer server;
  private final HttpClientAgent client;
  private final Map<EventLoop, Future<HttpClientConnection>> connections =
      new ConcurrentHashMap<>();

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
                .compose(
                    connection ->
                        connection.request(new RequestOptions().setMethod(HttpMethod.POST)))
                .onComplete(
                    request -> dial(context, user, request, target, dialled),
                    e -> dialled.fail(down("cannot reach " + server.display() + ": ", e))));
    return dialled.future();
  }

  private void dial(
      ContextInternal context,
      ContextInternal user,
      HttpClientRequest request,
      Target target,
      Promise<Duplex> dialled) {
    var end = DialingEnd.forOne(context, GrpcPackets.call(request, GrpcPackets.PROXY), name);
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

  private Future<HttpClientConnection> connection(ContextInternal context) {
    EventLoop loop = context.nettyEventLoop();
    Future<HttpClientConnection> existing = connections.get(loop);
    if (existing != null) {
      return existing;
    }
    // Nobody else asks for this event loop's, since that is where this runs.
    Future<HttpClientConnection> connected =
        client.connect(
            new HttpConnectOptions()
                .setServer(server.address())
                .setHost(server.address().isDomainSocket() ? "localhost" : server.address().host())
                .setPort(server.address().isDomainSocket() ? 80 : server.address().port()));
    connections.put(loop, connected);
    connected.onComplete(
        connection -> {
          // Each call is told by itself.
          ResetAllowance.grant(connection, e -> LOG.debug("{}: {}", name, e.getMessage()));
          connection.closeHandler(v -> connections.remove(loop, connected));
          connection.goAwayHandler(v -> connections.remove(loop, connected));
        },
        e -> connections.remove(loop, connected));
    return connected;
  }

  private TunnelDownException down(String what, Throwable cause) {
    return new TunnelDownException(name, what + Component.reason(cause));
  }

  @Override
  public Future<Void> close() {
    return client.close();
  }
}
