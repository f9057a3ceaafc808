package io.hubspoke.konnectivity.server;

import io.hubspoke.client.ApiClient;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.Keepalive;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Konnectivity server. */
public final class KonnectivityServer extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(KonnectivityServer.class);

  /** A stream for each connection of the control plane. */
  private static final long MAX_STREAMS = 1_000_000;

  /** An agent has one; who has not shown yet that it is one must not have many. */
  private static final long MAX_AGENT_STREAMS = 16;

  /** A token and what an agent says that it reaches; the rest is small. */
  private static final int MAX_HEADERS = 32 << 10;

  /** An agent's stream carries all its connections, each held back by itself. */
  private static final int AGENT_WINDOW = 4 << 20;

  private static final String AGENT_FLAGS = "--agent-bind-address, --agent-port";

  private static final long LOOK_MILLIS = 50;

  /** Vert.x's handler for those who are silent. */
  private static final String IDLE = "idle";

  private final KonnectivityServerOptions options;
  private final Strangers.Limits limits;
  private final Strangers strangeAgents;
  private final Strangers strangeClients;
  private final ServerMetrics metrics = new ServerMetrics();
  private final Agents agents;
  private final Tunnels tunnels;
  private final List<Supplier<Future<Void>>> listeners = new CopyOnWriteArrayList<>();
  private final List<ServingTls> followed = new CopyOnWriteArrayList<>();
  private ApiClient client;
  private ServerLease lease;
  private StatusServers status;
  private AgentPort agentPort;
  private UnixSocketFile unixSocket;
  private volatile boolean stopping;
  private volatile int frontendActualPort;
  private volatile int agentActualPort;

  public KonnectivityServer(KonnectivityServerOptions options) {
    this(options, Strangers.Limits.DEFAULT);
  }

  KonnectivityServer(KonnectivityServerOptions options, Strangers.Limits strangers) {
    this.options = options;
    this.limits = strangers;
    this.strangeAgents = new Strangers(AGENT_FLAGS, strangers);
    this.strangeClients = new Strangers(frontendFlags(options.frontend().address()), strangers);
    this.agents = new Agents(options.strategies());
    this.tunnels = new Tunnels(agents, metrics);
  }

  /** Returns the port for the control plane, when it is one. */
  public int serverPort() {
    return frontendActualPort;
  }

  /** Returns the port for agents. */
  public int agentPort() {
    return agentActualPort;
  }

  /** Returns how many connections go through it. */
  public long establishedConnections() {
    return metrics.establishedNow();
  }

  /** Returns how many streams agents have opened. */
  public int connectedAgents() {
    return agents.connections();
  }

  /** Returns how many have connected and not shown yet who they are. */
  int strangers() {
    return strangeAgents.count() + strangeClients.count();
  }

  private static String frontendFlags(SocketAddress address) {
    return address.isDomainSocket() ? "--uds-name" : "--server-bind-address, --server-port";
  }

  /** Listens; fails with a message that names the flags when it can't. */
  @Override
  public Future<?> start() {
    warn();
    options.apiserver().ifPresent(config -> client = new ApiClient(vertx, config));
    var tokens = options.agents().tokens();
    agentPort =
        new AgentPort(
            internal(),
            options,
            agents,
            tokens == null ? null : new AgentTokens(client, tokens),
            strangeAgents,
            metrics);
    status =
        new StatusServers(
            vertx,
            () -> !stopping && agents.isReady(),
            () -> metrics.scrape(agents, options.strategies()));
    return Future.all(
            serveAgents(), serveFrontend(), status.start(options.health(), options.admin()))
        .onSuccess(listening -> keepLease())
        .recover(e -> stop().transform(stopped -> Future.failedFuture(e)));
  }

  private void warn() {
    var agentFiles = options.agents().files();
    if (agentFiles.clientCa() == null && options.agents().tokens() == null) {
      LOG.warn(
          "--cluster-ca-cert and --agent-service-account are not given: whoever reaches {} may be"
              + " an agent, and gets what the control plane dials",
          options.agents().address());
    }
    var frontend = options.frontend();
    if (!frontend.address().isDomainSocket() && frontend.files().clientCa() == null) {
      LOG.warn(
          "--server-ca-cert is not given: whoever reaches {} may dial through every agent",
          frontend.address());
    }
  }

  private VertxInternal internal() {
    return (VertxInternal) vertx;
  }

  private void keepLease() {
    options
        .leases()
        .ifPresent(
            leases -> {
              lease =
                  new ServerLease(
                      vertx, client, leases, options.serverId(), metrics, Clock.systemUTC());
              lease.start();
            });
  }

  /** Runs on an event loop of its own: agents and frontend share the work. */
  private <T> Future<T> onLoop(Callable<Future<T>> work) {
    ContextInternal loop = internal().createEventLoopContext();
    Promise<T> promise = internal().getOrCreateContext().promise();
    loop.runOnContext(
        v -> {
          try {
            work.call().onComplete(promise);
          } catch (Exception e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }

  private static HttpServerOptions http2(int window, long streams) {
    return new HttpServerOptions()
        .setInitialSettings(
            new Http2Settings()
                .setMaxConcurrentStreams(streams)
                .setInitialWindowSize(window)
                .setMaxHeaderListSize(MAX_HEADERS));
  }

  private Future<Void> serveAgents() {
    var serving = options.agents();
    return tls("--cluster", serving.files())
        .compose(
            tls -> {
              var http =
                  tls.serve(http2(AGENT_WINDOW, MAX_AGENT_STREAMS), strangeAgents)
                      .setUseAlpn(true)
                      .setAlpnVersions(List.of(HttpVersion.HTTP_2));
              return listen(
                  AGENT_FLAGS,
                  serving.address(),
                  http,
                  strangeAgents,
                  agentPort::handle,
                  serving.keepaliveTime());
            })
        .onSuccess(server -> agentActualPort = server.actualPort())
        .mapEmpty();
  }

  private Future<ServingTls> tls(String flags, ServingFiles files) {
    return vertx
        .executeBlocking(() -> ServingTls.follow(vertx, flags, files))
        .onSuccess(followed::add);
  }

  private Future<HttpServer> listen(
      String flags,
      SocketAddress address,
      HttpServerOptions http,
      Strangers strangers,
      Handler<HttpServerRequest> handler,
      Duration keepalive) {
    return Listening.named(
        flags,
        address,
        onLoop(
            () -> {
              HttpServer server =
                  vertx
                      .createHttpServer(http)
                      .requestHandler(handler)
                      .exceptionHandler(e -> LOG.debug("{}: {}", flags, e.getMessage()))
                      .connectionHandler(
                          connection -> {
                            AnyAuthority.on(connection);
                            hasBegun(Calls.channel(connection), strangers);
                            // Each call is told by itself.
                            connection.exceptionHandler(
                                e -> LOG.debug("{}: {}", flags, e.getMessage()));
                            Keepalive.watch(vertx, connection, keepalive);
                          });
              listeners.add(server::close);
              return server.listen(address);
            }));
  }

  /** From here on who has not called yet is counted, and who has may be silent. */
  private static void hasBegun(Channel channel, Strangers strangers) {
    strangers.arrived(channel);
    if (channel.pipeline().get(IDLE) != null) {
      channel.pipeline().remove(IDLE);
    }
  }

  private Future<Void> serveFrontend() {
    var frontend = options.frontend();
    if (!frontend.address().isDomainSocket()) {
      return tls("--server", frontend.files())
          .compose(tls -> serveFrontend(frontend.address(), tls));
    }
    Path file = Path.of(frontend.address().path());
    return vertx
        .executeBlocking(() -> unixSocket(file, frontend.deleteExisting()))
        .compose(socket -> serveFrontend(socket.address(), null).map(socket))
        .compose(socket -> vertx.executeBlocking(() -> published(socket)));
  }

  private UnixSocketFile unixSocket(Path file, boolean deleteExisting) throws IOException {
    try {
      unixSocket = UnixSocketFile.prepare(file, deleteExisting);
      return unixSocket;
    } catch (IOException e) {
      throw new IOException("--uds-name: " + Component.reason(e), e);
    }
  }

  private static Void published(UnixSocketFile socket) throws IOException {
    socket.publish();
    return null;
  }

  private Future<Void> serveFrontend(SocketAddress address, ServingTls tls) {
    var frontend = options.frontend();
    String flags = frontendFlags(address);
    return switch (frontend.mode()) {
      case GRPC -> {
        var http =
            http2(FlowControl.WINDOW, MAX_STREAMS)
                // Connections whose readers stop must leave the others room.
                .setHttp2ConnectionWindowSize(Integer.MAX_VALUE)
                // Each connection that is broken off is such a frame, and those who may send them
                // are known here; not so on the port for agents.
                .setHttp2RstFloodMaxRstFramePerWindow(0);
        // Clients that know of it put their connections into one call.
        http.getInitialSettings().set(FlowControl.SETTING, FlowControl.WINDOW);
        if (tls != null) {
          tls.serve(http, strangeClients)
              .setUseAlpn(true)
              .setAlpnVersions(List.of(HttpVersion.HTTP_2));
        } else {
          // Nobody tells of a connection in the clear before it has said what it speaks.
          http.setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
              .setReadIdleTimeout((int) limits.time().toMillis());
        }
        yield listen(
                flags,
                address,
                http,
                strangeClients,
                new GrpcFrontend(internal(), tunnels, strangeClients, metrics)::handle,
                frontend.keepaliveTime())
            .onSuccess(server -> frontendActualPort = server.actualPort())
            .mapEmpty();
      }
      case HTTP_CONNECT -> {
        var net = new NetServerOptions();
        if (tls != null) {
          tls.serve(net, strangeClients);
        }
        yield Listening.named(
                flags,
                address,
                onLoop(
                    () -> {
                      NetServer server =
                          vertx
                              .createNetServer(net)
                              .connectHandler(
                                  new ConnectFrontend(tunnels, strangeClients, metrics)::handle)
                              .exceptionHandler(e -> LOG.debug("{}: {}", flags, e.getMessage()));
                      listeners.add(server::close);
                      return server.listen(address);
                    }))
            .onSuccess(server -> frontendActualPort = server.actualPort())
            .mapEmpty();
      }
    };
  }

  /** Has no more dials, gives connections their time, and ends what is left. */
  @Override
  public Future<Void> stop() {
    stopping = true;
    tunnels.stop();
    Future<Void> leaseGone = lease == null ? Future.succeededFuture() : lease.stop();
    return leaseGone
        .compose(v -> idle(System.nanoTime() + options.grace().toNanos()))
        .eventually(() -> agentPort == null ? Future.succeededFuture() : agentPort.close())
        .eventually(this::closeAll);
  }

  private Future<Void> idle(long until) {
    if (tunnels.isIdle() || System.nanoTime() >= until) {
      return Future.succeededFuture();
    }
    Promise<Void> later = Promise.promise();
    vertx.setTimer(LOOK_MILLIS, t -> idle(until).onComplete(later));
    return later.future();
  }

  private Future<Void> closeAll() {
    followed.forEach(ServingTls::stop);
    // While it still listens: the file's number is no other file's until then.
    return socketFileGone().eventually(this::closeListeners);
  }

  private Future<Void> socketFileGone() {
    if (unixSocket == null) {
      return Future.succeededFuture();
    }
    return vertx.executeBlocking(
        () -> {
          unixSocket.delete();
          return null;
        });
  }

  private Future<Void> closeListeners() {
    List<Future<Void>> closing = new ArrayList<>();
    listeners.forEach(listener -> closing.add(listener.get()));
    if (status != null) {
      closing.add(status.stop());
    }
    if (client != null) {
      closing.add(client.close());
    }
    return Future.join(closing).mapEmpty();
  }
}
