package io.hubspoke.sshd;

import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.StatusServer;
import io.hubspoke.runtime.StatusServer.Page;
import io.hubspoke.tunnel.ssh.Algorithms;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.Refusals;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's end of SSH tunnels: lets one user in by his key, and forwards connections to the node's
 * own addresses for him. There is no shell and nothing else. It runs on Vert.x's event loops alone.
 */
public final class Sshd extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(Sshd.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final SshdOptions options;
  private final Listener server = new Listener();
  private FollowedFiles<PublicKeys> authorized;
  private Forwarding forwarding;
  private Clients clients;
  private final SshdMetrics metrics = new SshdMetrics();
  private List<KeyPair> hostKeys = List.of();
  private StatusServer status;
  private volatile int healthPort;

  public Sshd(SshdOptions options) {
    this.options = options;
  }

  /** Gives up its port before it says that it is closed. */
  private static final class Listener extends SshServer {
    void unbind() {
      if (acceptor != null) {
        acceptor.unbind();
      }
    }
  }

  /** Returns the port it listens on, once started. */
  public int port() {
    return ((InetSocketAddress) server.getBoundAddresses().iterator().next()).getPort();
  }

  /** Returns by which keys it is known, once started. */
  public PublicKeys hostKeys() {
    return new PublicKeys(hostKeys.stream().map(KeyPair::getPublic).toList());
  }

  /** Returns how many connections to targets are open. */
  public int connections() {
    return forwarding.connections();
  }

  /** Returns how many clients are connected. */
  public int clients() {
    return Math.max(clients.count(), forwarding.clients());
  }

  @Override
  public Future<?> start() {
    forwarding = new Forwarding(vertx, options, metrics);
    clients = new Clients(vertx, options.limits(), metrics);
    // Reads files, and binding blocks.
    return vertx
        .executeBlocking(
            () -> {
              open();
              return null;
            })
        .onSuccess(
            opened -> {
              authorized.follow(LOOK_EVERY, changed -> LOG.info("authorized keys were replaced"));
              clients.start();
              LOG.info("listening on {}:{}", options.listenAddress(), port());
            })
        .compose(opened -> serveStatus());
  }

  private Future<?> serveStatus() {
    if (options.health().isEmpty()) {
      return Future.succeededFuture();
    }
    Page ok = Page.text(200, "ok");
    status =
        new StatusServer(
            vertx,
            "--health-bind-address, --health-port",
            Map.of(
                "/healthz",
                request -> ok,
                "/readyz",
                request -> ok,
                "/metrics",
                request -> Page.metrics(metrics.scrape(clients(), connections()))));
    return status
        .listen(options.health().get())
        .onSuccess(port -> healthPort = port)
        // A verticle that fails to start is not stopped.
        .recover(e -> stop().transform(stopped -> Future.failedFuture(e)));
  }

  /** Returns the port of health and metrics, once started. */
  public int healthPort() {
    return healthPort;
  }

  private void open() throws IOException {
    Path file = options.authorizedKeysFile();
    authorized =
        new FollowedFiles<>(
            vertx, "--authorized-keys-file", List.of(file), () -> PublicKeys.read(file));
    List<KeyPair> keys = new ArrayList<>();
    for (Path hostKey : options.hostKeyFiles()) {
      keys.add(Flag.read("--host-key", () -> KeyFile.readOrMake(hostKey, "host")));
    }
    hostKeys = List.copyOf(keys);
    configure();
    server.start();
  }

  private void configure() {
    Algorithms.serve(server);
    var eventLoops = ((VertxInternal) vertx).nettyEventLoopGroup();
    server.setIoServiceFactoryFactory(new AnswerLimit(eventLoops, AnswerLimit.MOST));
    server.setScheduledExecutorService(eventLoops, false);
    server.setHost(options.listenAddress());
    server.setPort(options.port());
    server.setKeyPairProvider(KeyPairProvider.wrap(hostKeys));
    server.setFileSystemFactory(new NoFiles());
    server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    server.setPublickeyAuthenticator(
        (user, key, session) -> {
          boolean known = user.equals(options.user()) && authorized.current().contain(key);
          if (!known) {
            metrics.keyRefused();
          }
          return known;
        });
    // One kind of channel, and no request that is granted: whatever else SSH has, this has not.
    server.setChannelFactories(List.of(forwarding.channels()));
    server.setGlobalRequestHandlers(List.of(new Refusals()));
    server.setSubsystemFactories(List.of());
    server.addSessionListener(clients);
    CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "hubspoke");
    CoreModuleProperties.AUTH_TIMEOUT.set(server, options.limits().loginGraceTime());
    CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, options.limits().maxAuthTries());
    CoreModuleProperties.SOCKET_BACKLOG.set(server, 128);
    // Refused channel by channel; MINA's own limit ends the connection.
    CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(server, Integer.MAX_VALUE - 1);
  }

  @Override
  public Future<?> stop() {
    if (authorized != null) {
      authorized.stop();
    }
    clients.stop();
    return vertx
        .executeBlocking(
            () -> {
              server.unbind();
              return null;
            })
        .eventually(
            () -> {
              Promise<Void> closed = Promise.promise();
              server.close(true).addListener(done -> closed.tryComplete());
              return closed.future();
            })
        .eventually(() -> forwarding.close())
        .eventually(() -> status == null ? Future.succeededFuture() : status.close());
  }
}
